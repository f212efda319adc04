/**
 * The README's first example, with its source watched, in TypeScript: each module setting that people have, and every
 * declaration by the oldest and the newest compiler.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openFormats, type FormatsFolder } from './formats-folder.js';
import { APPLICATION, PRINTING, WITHOUT_INTEROP } from './formats-project.js';
import { NAMES, tool } from './packed.js';

let formats: FormatsFolder;

before(async () => {
  formats = await openFormats();
});

after(() => formats?.close());

/** Compiles what is in the folder `path` of the project, with one version of TypeScript. */
async function compile(path: string, typescript: string, options: object): Promise<void> {
  const compilerOptions = { strict: true, target: 'es2021', lib: ['es2021'], types: ['node'], ...options };
  await formats.write(`${path}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ['.'] }));
  await formats.run(formats.toolFile(typescript, 'lib/tsc.js'), '-p', path);
}

describe('TypeScript', () => {
  const rows: readonly [string, string, string, object][] = [
    ['node10', 'ts', '{}', { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true }],
    ['node10 without interop', 'ts', '{}', { module: 'commonjs', moduleResolution: 'node10' }],
    ['node16, CommonJS', 'ts', '{}', { module: 'node16', moduleResolution: 'node16' }],
    ['node16, ESM', 'mts', '{}', { module: 'node16', moduleResolution: 'node16' }],
    ['nodenext, ESM', 'ts', '{"type":"module"}', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['nodenext, CommonJS', 'ts', '{}', { module: 'nodenext', moduleResolution: 'nodenext' }],
  ];
  for (const [name, end, manifest, options] of rows) {
    const text = name.includes('without interop') ? WITHOUT_INTEROP : APPLICATION;
    test(`5.9, ${name}: compiles and runs`, async () => {
      const path = `ts-${name.replaceAll(/\W+/g, '-')}`;
      await formats.write(`${path}/package.json`, manifest);
      await formats.write(`${path}/app.${end}`, text + PRINTING);
      await compile(path, 'typescript', { ...options, skipLibCheck: true });
      assert.equal(await formats.run(join(path, `app.${end.replace('ts', 'js')}`)), formats.expected);
    });
  }

  const everySubpath = [
    ...Object.keys(NAMES).map((subpath) => `portal-health${subpath.slice(1)}`),
    'portal-integrity',
  ]
    .map((name, index) => `import * as subpath${index} from '${name}';\nvoid subpath${index};\n`)
    .join('');

  test('4.5 reads every declaration, checked strictly', async () => {
    await formats.write('ts-old/all.ts', everySubpath);
    const options = {
      module: 'commonjs',
      moduleResolution: 'node',
      skipLibCheck: false,
      types: ['node16'],
      // Web APIs that Node's types of that time lack.
      lib: ['es2021', 'dom'],
      noEmit: true,
    };
    await compile('ts-old', 'typescript-4.5', options);
  });

  test('5.9 by `bundler`, and 7 by `nodenext` and `bundler`, read every declaration, checked strictly', async () => {
    await formats.write('ts-new/all.ts', everySubpath);
    const bundler = { module: 'esnext', moduleResolution: 'bundler', skipLibCheck: false, noEmit: true };
    await compile('ts-new', 'typescript', bundler);
    for (const way of [bundler, { module: 'nodenext', skipLibCheck: false, noEmit: true }]) {
      const compilerOptions = { strict: true, target: 'es2023', types: ['node'], ...way };
      await formats.write('ts-new/tsconfig.json', JSON.stringify({ compilerOptions, include: ['.'] }));
      await tool(join(formats.project, 'ts-new'), 'tsc', '-p', '.').catch((error: { stdout: string }) =>
        assert.fail(error.stdout),
      );
    }
  });
});
