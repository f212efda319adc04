/**
 * A project of somebody's with the libraries from their tarballs and every tool that people load them with, without any
 * setting that is for us.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startPostgres, startRedis } from 'portal-test-kit';
import { TOOLS } from './formats-project.js';
import { installOnce } from './installed.js';
import { emptyProject, execute, pack, remove } from './packed.js';

export interface FormatsFolder {
  readonly project: string;
  /** What the application says when all is well. */
  readonly expected: string;
  readonly write: (path: string, text: string) => Promise<void>;
  /** What Node prints for `args` in the project. A test runner's own words are in what it throws. */
  readonly run: (...args: readonly string[]) => Promise<string>;
  /** A file of the tool `name`, as an argument of `run`. */
  readonly toolFile: (name: string, file: string) => string;
  close(): Promise<void>;
}

const SOURCE = 'export const answer = 42;\n';

export async function openFormats(): Promise<FormatsFolder> {
  const installed = await installOnce('formats', JSON.stringify({ private: true, dependencies: TOOLS }));
  const folder = await mkdtemp(join(installed, 'run-'));
  const project = join(folder, 'project');
  const tarballs = [await pack('health', folder), await pack('integrity', folder)];
  await emptyProject(project, ...tarballs.map(({ tarball }) => tarball));
  await write('package.json', '{ "name": "application", "private": true }');
  await write('source/main.js', SOURCE);
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const expected = `healthy true true ${sha256(`${sha256(SOURCE)}  main.js\n`)}`;
  const environment = {
    PATH: process.env['PATH'],
    HOME: project,
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: redis.url,
    SOURCE_ROOT: join(project, 'source'),
    EXPECTED: expected,
  };

  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), text);
  }

  return {
    project,
    expected,
    write,
    async run(...args) {
      const { stdout, stderr } = await execute(process.execPath, args, {
        cwd: project,
        env: environment,
        timeout: 180_000,
      }).catch((error: { stdout?: string; stderr?: string; message: string }) =>
        assert.fail([error.message, error.stdout, error.stderr].join('\n')),
      );
      assert.doesNotMatch(stderr, /Warning/, 'nothing of ours, nor because of us');
      return stdout.trim();
    },
    toolFile: (name, file) => join(installed, 'node_modules', name, file),
    async close() {
      await Promise.all([postgres.close(), redis.close()]);
      await remove(folder);
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
