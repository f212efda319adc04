// What is worth a look and fails nothing: names that are exported twice, functions that are long, files without a test
// at the mirrored path, comments that say what the name says.
//
//   node scripts/report.mjs            each of them
//   node scripts/report.mjs --counts   how many there are
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Lines that a function may have, and a file before it should have a test of its own. */
const LONG_FUNCTION = 100;
const LONG_FILE = 60;
/** A comment of at most so many letters hardly says more than the name below it. */
const SHORT_COMMENT = 24;

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const packages = ['bench', 'e2e', 'test-kit', ...readdirSync('packages').map((name) => `packages/${name}`)];
const sources = packages
  .filter((path) => existsSync(`${path}/src`))
  .flatMap((path) =>
    readdirSync(`${path}/src`, { recursive: true, encoding: 'utf8' }).map((name) => `${path}/src/${name}`),
  )
  .filter((file) => /\.tsx?$/.test(file))
  .toSorted()
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }));

const sections = [
  ['names exported twice', doubledNames()],
  [`functions over ${LONG_FUNCTION} lines`, longFunctions()],
  [`files over ${LONG_FILE} lines without a test at the mirrored path`, untested()],
  [`doc comments of at most ${SHORT_COMMENT} letters, which hardly say more than the name`, shortComments()],
];
const isCounts = process.argv.includes('--counts');
for (const [what, found] of sections) {
  process.stdout.write(`${String(found.length).padStart(5)} ${what}\n`);
  if (!isCounts) for (const line of found) process.stdout.write(`        ${line}\n`);
}

/** Re-exports do not count, nor does the one entry that every adapter has by the same name. */
function doubledNames() {
  const EXPORT =
    /^export (?:declare )?(?:async )?(?:function\*?|class|const|let|interface|type|enum) (\w+)/gm;
  const files = new Map();
  for (const { file, text } of sources.filter((source) => !source.file.includes('/adapters/'))) {
    for (const [, name] of text.matchAll(EXPORT)) files.set(name, (files.get(name) ?? new Set()).add(file));
  }
  return [...files]
    .filter(([, where]) => where.size > 1)
    .map(([name, where]) => `${name}: ${[...where].join(', ')}`)
    .toSorted();
}

function longFunctions() {
  const folder = mkdtempSync(join(tmpdir(), 'portal-report-'));
  try {
    const config = join(folder, 'oxlint.json');
    const rule = ['warn', { max: LONG_FUNCTION }];
    writeFileSync(
      config,
      JSON.stringify({ categories: { correctness: 'off' }, rules: { 'max-lines-per-function': rule } }),
    );
    const args = ['--config', config, '--format', 'json', ...packages.map((path) => `${path}/src`)];
    const { stdout } = spawnSync('node_modules/.bin/oxlint', args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
    return JSON.parse(stdout)
      .diagnostics.map(({ filename, message, labels }) => `${filename}:${labels[0].span.line} ${message}`)
      .toSorted();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function untested() {
  return sources
    .filter(({ text }) => text.split('\n').length - 1 > LONG_FILE && /=>|\bfunction\b/.test(text))
    .map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 }))
    .filter(({ file }) => !existsSync(file.replace('/src/', '/test/').replace(/\.tsx?$/, '.test.ts')))
    .map(({ file, lines }) => `${file} (${lines})`);
}

/** Of what is exported or stands for itself; of members a short comment may well give a unit. */
function shortComments() {
  return sources.flatMap(({ file, text }) => {
    const lines = text.split('\n');
    return lines.flatMap((line, index) => {
      const [, comment] = /^\/\*\* (.+) \*\/$/.exec(line) ?? [];
      if (comment === undefined || comment.replaceAll(/[^\p{L}]/gu, '').length > SHORT_COMMENT) return [];
      return [`${file}:${index + 1} ${comment}  ${lines[index + 1]}`];
    });
  });
}
