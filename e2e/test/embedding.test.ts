/**
 * What the README and the types of the package say, taken at their word: every example compiles, every application runs.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { declarationsOf, NAMES, packLibrary, REPOSITORY, tool, type Packed } from './packed.js';

let packed: Packed;

before(async () => {
  packed = await packLibrary();
});

after(() => packed.close());

/** The blocks of code in a text, without the asterisks of a comment around it. */
function blocksIn(text: string, language = 'ts'): string[] {
  const fences = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g');
  return [...text.matchAll(fences)].map(([, block = '']) => block.replaceAll(/^ +\* ?/gm, ''));
}

/** What the blocks of the README that are parts of a program do not say themselves. */
const AROUND = `declare namespace NodeJS { interface ProcessEnv { DATABASE_URL: string } }
  declare const mailQueue: import('portal-health/checks').QueueLike;
  declare const knex: import('knex').Knex;
  declare const health: import('portal-health').Health;
  declare const createHealth: typeof import('portal-health').createHealth;`;

describe('types', () => {
  async function compiles(
    path: string,
    files: Readonly<Record<string, string>>,
    options = {},
  ): Promise<void> {
    const sources = join(path, 'sources');
    await mkdir(sources, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(sources, name), text);
    const config = {
      compilerOptions: {
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023'],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(REPOSITORY, 'node_modules/@types')],
        ...options,
      },
      include: ['sources'],
    };
    await writeFile(join(path, 'tsconfig.json'), JSON.stringify(config));
    await tool(packed.folder, 'tsc', '-p', path).catch((error: { stdout: string }) =>
      assert.fail(error.stdout),
    );
  }

  test('every subpath compiles for somebody who has none of the frameworks and checks every declaration', async () => {
    const imports = Object.keys(NAMES).map((subpath, index) => {
      return `import * as subpath${index} from 'portal-health${subpath.slice(1)}';\nvoid subpath${index};`;
    });
    await compiles(packed.project, { 'all.ts': imports.join('\n') }, { skipLibCheck: false });
  });

  test('every example of the README and of the public names compiles as written', async () => {
    const files: Record<string, string> = {};
    const readme = await readFile(join(packed.project, 'node_modules/portal-health/README.md'), 'utf8');
    const texts: [string, string][] = [['README', readme]];
    for (const subpath of Object.keys(NAMES)) {
      if (subpath !== '.') texts.push([subpath.slice(2), await declarationsOf(packed.project, subpath)]);
    }
    for (const room of ['health', 'http/respond', 'verdict', 'problems']) {
      const file = `node_modules/portal-health/dist/src/${room}.d.ts`;
      texts.push([room.replace('/', '-'), await readFile(join(packed.project, file), 'utf8')]);
    }
    for (const [name, text] of texts) {
      const blocks = blocksIn(text);
      assert.ok(
        blocks.some((block) => block.includes('import ')),
        `${name} has an example`,
      );
      for (const [index, block] of blocks.entries()) files[`${name}-${index}.mts`] = `${block}\nexport {};\n`;
    }
    // Only the bench has it.
    await mkdir(join(packed.application, 'node_modules/@nestjs'));
    const terminus = 'node_modules/@nestjs/terminus';
    await symlink(join(REPOSITORY, 'bench', terminus), join(packed.application, terminus));
    files['around.d.ts'] = AROUND;
    const options = { skipLibCheck: true, experimentalDecorators: true, emitDecoratorMetadata: true };
    await compiles(packed.application, files, options);
  });
});

describe('the README', () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let environment: Record<string, string | undefined>;

  before(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    environment = {
      PATH: process.env['PATH'],
      DATABASE_URL: await postgres.createDatabase(),
      REDIS_URL: redis.url,
    };
  });

  after(async () => {
    await Promise.all([postgres.close(), redis.close()]);
  });

  test('each of its applications runs as written, but for the port', { timeout: 120_000 }, async () => {
    const readme = await readFile(join(packed.project, 'node_modules/portal-health/README.md'), 'utf8');
    const serving = (block: string): boolean => /8080|9090/.test(block);
    const modules = blocksIn(readme).filter(serving);
    const scripts = blocksIn(readme, 'js').filter(serving);
    assert.equal(
      modules.length,
      9,
      'a port of its own, node, five frameworks, before there is a pool, and on signals',
    );
    assert.equal(scripts.length, 1, 'node by `require`');
    for (const [index, block] of [...modules, ...scripts].entries()) {
      const port = await freePort();
      const file = join(
        packed.application,
        `application-${index}.${scripts.includes(block) ? 'cjs' : 'mjs'}`,
      );
      // Node 20 runs no types; there is one, of a variable without a value.
      const script = block.replace(/^(let \w+): [^;]+;$/m, '$1;');
      await writeFile(file, script.replace(/8080|9090/, String(port)));
      const app = spawn(process.execPath, [file], { cwd: packed.application, env: environment });
      let said = '';
      app.stderr.on('data', (bytes) => (said += String(bytes)));
      try {
        let status: unknown;
        await waitFor(
          'it to be healthy',
          async () => {
            assert.equal(app.exitCode, null, said);
            const report = await fetch(`http://localhost:${port}/health`).catch(() => undefined);
            status = ((await report?.json()) as { status?: string } | undefined)?.status;
            return status === 'healthy';
          },
          { timeoutMs: 20_000, everyMs: 100 },
        );
      } finally {
        app.kill('SIGKILL');
        if (app.exitCode === null && app.signalCode === null) await once(app, 'exit');
      }
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
