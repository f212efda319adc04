/** The gates of `npm run check` that are scripts of ours fail where they should: on small trees that break one rule each. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** What a gate says of a checkout that has these files alone. */
function complaintsOf(t: TestContext, gate: string, files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'portal-gate-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const script = fileURLToPath(new URL(`../../../scripts/${gate}.mjs`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
  assert.equal(stderr, '');
  const complaints = stdout.split('\n').filter((line) => line !== '');
  assert.equal(status, complaints.length === 0 ? 0 : 1);
  return complaints;
}

const IMPORTS: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  [
    'an import of a lower floor passes',
    { 'health/src/report.ts': "import { verdict } from './verdict.js';", 'health/src/verdict.ts': '' },
    [],
  ],
  [
    'an import of a higher floor',
    {
      'health/src/problems.ts': "import type {\n  Health,\n} from './health.js';",
      'health/src/health.ts': '',
    },
    ['packages/health/src/problems.ts imports health.ts, which stands above it.'],
  ],
  [
    'sign-in that imports monitoring, lazily',
    {
      'server/src/auth/a.ts': "const b = await import('../monitoring/b.js');",
      'server/src/monitoring/b.ts': '',
    },
    ['packages/server/src/auth/a.ts imports monitoring/b.ts, which stands beside it.'],
  ],
  [
    'a driver in the library',
    { 'health/src/probes/a.ts': "import pg from 'pg';" },
    ['packages/health/src/probes/a.ts imports pg, which it must not know.'],
  ],
  [
    'the service in the servers of developers',
    { 'dev-servers/src/a.ts': "export * from 'portal-server/api';" },
    ['packages/dev-servers/src/a.ts imports portal-server/api, which it must not know.'],
  ],
  [
    'the page imports types of the service, and nothing that runs',
    {
      'page/src/api/a.ts': "import type { Me } from 'portal-server/api';",
      'page/src/api/b.tsx': "import { type Me, openapi } from 'portal-server/api';",
    },
    ['packages/page/src/api/b.tsx imports portal-server/api, of which it may import types alone.'],
  ],
  [
    'a circle of types and a .tsx',
    {
      'page/src/views/a.tsx': "import { b } from './b.js';",
      'page/src/views/b.ts': "import type { A } from './a.js';",
    },
    ['packages/page/src: views/a.tsx → views/b.ts → views/a.tsx is a circle of imports.'],
  ],
  [
    'a circle of tests',
    { 'health/test/a.ts': "import './b.js';", 'health/test/b.ts': "import './a.js';" },
    ['packages/health/test: a.ts → b.ts → a.ts is a circle of imports.'],
  ],
  [
    'a room that nobody has planned',
    { 'server/src/drawer/a.ts': '' },
    ['packages/server/src/drawer/a.ts has no room in the table of scripts/imports.mjs.'],
  ],
];

for (const [name, files, complaints] of IMPORTS) {
  test(`imports: ${name}`, (t) => {
    const paths = Object.entries(files).map(([path, text]) => [`packages/${path}`, text] as const);
    assert.deepEqual(complaintsOf(t, 'imports', Object.fromEntries(paths)), complaints);
  });
}

const TREE = `
\`\`\`
packages/
└── health/src/        the library
    ├── index types    names · vocabulary
    └── probes/        what may be down
docs/    for people
\`\`\`
`;
const HOUSE = {
  'ARCHITECTURE.md': TREE,
  'docs/errors.md': '',
  'packages/health/package.json': '',
  'packages/health/src/index.ts': '',
  'packages/health/src/types.ts': '',
  'packages/health/src/probes/redis.ts': '',
  'packages/health/test/probes/deep/redis.test.ts': '',
  'packages/health/node_modules/other/index.js': '',
  '.portal/log': '',
};

test('map: a tree that is true passes', (t) => {
  assert.deepEqual(complaintsOf(t, 'map', HOUSE), []);
});

test('map: what is on either side alone is named', (t) => {
  const { 'packages/health/src/types.ts': _, 'docs/errors.md': __, ...rest } = HOUSE;
  const changed = {
    ...rest,
    'packages/health/src/probes/redis/info.ts': '',
    'packages/health/src/drawer.ts': '',
    'deploy/unit': '',
  };
  assert.deepEqual(complaintsOf(t, 'map', changed).toSorted(), [
    'ARCHITECTURE.md does not draw deploy/.',
    'ARCHITECTURE.md does not draw packages/health/src/drawer.',
    'ARCHITECTURE.md does not draw packages/health/src/probes/redis/.',
    'ARCHITECTURE.md draws docs/, which is not there.',
    'ARCHITECTURE.md draws packages/health/src/types, which is not there.',
  ]);
});

test('words: a word of ours in an exported name, a file name, a text of the code or a page', (t) => {
  const complaints = complaintsOf(t, 'words', {
    'packages/health/src/probes/newcomer.ts': '/** A door. */\nexport function createDoors(): void {}\n',
    'packages/server/src/config/settings.ts': "const about = 'Requests of strangers';\nconst door = 1;\n",
    'packages/health/src/index.ts': "export type { Endpoint as Door } from './http/endpoints.js';",
    'packages/page/src/views/a.tsx': '<p>Whoever is a stranger here</p>',
    'packages/server/test/a.test.ts': "test('a stranger is refused', () => undefined);",
    'docs/operations.md': 'Which door for whom, and an indoor sport.',
  });
  assert.deepEqual(complaints.toSorted(), [
    'docs/operations.md says "door": the word of the field is endpoint.',
    'packages/health/src/index.ts says "door": the word of the field is endpoint.',
    'packages/health/src/probes/newcomer.ts says "door": the word of the field is endpoint.',
    'packages/health/src/probes/newcomer.ts says "newcomer": the word of the field is fresh connection.',
    'packages/page/src/views/a.tsx says "stranger": the word of the field is unauthenticated client.',
    'packages/server/src/config/settings.ts says "stranger": the word of the field is unauthenticated client.',
  ]);
});

test('words: the words of the field pass', (t) => {
  const files = { 'packages/health/src/http/endpoints.ts': 'export function createEndpoints(): void {}\n' };
  assert.deepEqual(complaintsOf(t, 'words', files), []);
});
