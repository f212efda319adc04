/** The library as it is published, in two projects of somebody's: the ground of all tests of packaging. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
export const run = promisify(execFile);

/** The public names of each subpath, types too: a change here is a change for everybody who embeds us. */
export const NAMES: Readonly<Record<string, string>> = {
  '.':
    'Answer CacheOptions CacheStatistics Cause CheckOptions DatabaseOptions DatabaseStatistics Door ' +
    'DoorOptions DoorPaths Effect Facts Failure Finding Health HealthOptions HealthSource ' +
    'Kind NamedCache NamedDatabase PROBLEMS Part Problem ProblemCode Question Ready Report ' +
    'SamplingOptions SourceProblem State Status StatusChange Viewer createHealth ' +
    'isUp respond verdict',
  './node': 'DoorOptions DoorPaths HealthDoor NodeRequest NodeResponse createHealthDoor',
  './express': 'DoorOptions DoorPaths HealthMiddleware healthMiddleware',
  './fastify':
    'DoorOptions DoorPaths FastifyInstanceLike FastifyReplyLike FastifyRequestLike HealthPluginOptions healthPlugin',
  './hono': 'DoorOptions DoorPaths HealthMiddleware HonoContext healthMiddleware',
  './koa': 'DoorOptions DoorPaths HealthMiddleware KoaContext healthMiddleware',
  './nest': 'DoorOptions DoorPaths HEALTH HealthModule HealthModuleOptions createHealthModule',
  './checks':
    'Check DiskCheckOptions HttpCheckOptions QueueCheckOptions QueueLike diskCheck httpCheck queueCheck',
  './opentelemetry':
    'HealthObservation InstrumentOptions MeterLike ObserveOptions ObserverLike observeHealth',
};

export interface Packed {
  /** What lies in it goes with it. */
  readonly folder: string;
  /** An empty project with the tarball and nothing else. */
  readonly project: string;
  /** Another one beside the drivers and frameworks that an application would have. */
  readonly application: string;
  readonly tarball: string;
  readonly unpackedBytes: number;
  close(): Promise<void>;
}

/** Packs and installs; it must be closed. */
export async function packLibrary(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'portal-health-packaging-'));
  const packed = await run(process.execPath, [join(REPOSITORY, 'scripts/pack.mjs'), 'health', folder]);
  const [tarball = '', bytes] = packed.stdout.trim().split(' ');
  const project = join(folder, 'empty');
  const application = join(folder, 'beside', 'application');
  for (const path of [project, application]) {
    await mkdir(path, { recursive: true });
    await writeFile(
      join(path, 'package.json'),
      '{ "name": "application", "private": true, "type": "module" }',
    );
    await npm(path, 'install', tarball, '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund');
  }
  // What is installed here stands in for `npm install fastify pg …`, so that no registry is asked.
  await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'beside', 'node_modules'));
  return {
    folder,
    project,
    application,
    tarball,
    unpackedBytes: Number(bytes),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

export function npm(cwd: string, ...args: readonly string[]): Promise<{ stdout: string }> {
  return run('npm', args, { cwd });
}

/** One of the repository's own tools. */
export function tool(cwd: string, name: string, ...args: readonly string[]): Promise<{ stdout: string }> {
  return run(join(REPOSITORY, 'node_modules/.bin', name), args, { cwd });
}

/** The declarations of a subpath, as installed in `project`. */
export async function declarationsOf(project: string, subpath: string): Promise<string> {
  const installed = join(project, 'node_modules/portal-health');
  const { exports } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    exports: Record<string, string>;
  };
  return readFile(join(installed, String(exports[subpath]).replace(/\.js$/, '.d.ts')), 'utf8');
}
