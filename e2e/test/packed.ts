/** What is published, installed into empty projects: the fixture of all tests of packaging. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
export const execute = promisify(execFile);

/** The public names of each subpath, types too: a change here is a change for everybody who embeds us. */
export const NAMES: Readonly<Record<string, string>> = {
  '.':
    'BearerTokenOptions CacheOptions CacheStatistics Cause CheckOptions ComponentStatus ' +
    'ComponentType DEFAULTS DatabaseExplainOptions DatabaseOptions DatabaseStatistics Effect ' +
    'Endpoint EndpointOptions EndpointPaths Failure Figures FinishedRun Health HealthOptions ' +
    'HealthRequest HealthResponse HealthServer HealthSnapshot HealthSource Identity ' +
    'IdentityOptions ListenOptions NamedCache NamedDatabase PROBLEMS PathConflict Problem ' +
    'ProblemCode ProcessOptions PublishedReason REASON_CODES Ready Reason ReasonCode ' +
    'ReasonsDocument Report ReportEvent RunCounts RunOutcome SamplingOptions SessionDetail ' +
    'SourceProblem State Status StatusChange VerdictInput Viewer bearerToken createHealth isUp reasonsDocument ' +
    'respond verdict',
  './node':
    'EndpointOptions EndpointPaths HealthHandler NodeRequest NodeResponse ShutdownOptions ' +
    'SignalHandling SignalOptions StoppableServer createHealthHandler handleSignals shutDown',
  './express':
    'EndpointOptions EndpointPaths HealthMiddleware ShutdownOptions SignalHandling SignalOptions ' +
    'StoppableServer handleSignals healthMiddleware shutDown',
  './fastify':
    'EndpointOptions EndpointPaths FastifyInstanceLike FastifyReplyLike FastifyRequestLike ' +
    'HealthPluginOptions ShutdownOptions SignalOptions healthPlugin',
  './hono':
    'EndpointOptions EndpointPaths HealthMiddleware HonoContext ShutdownOptions SignalHandling ' +
    'SignalOptions StoppableServer handleSignals healthMiddleware shutDown',
  './koa':
    'EndpointOptions EndpointPaths HealthMiddleware KoaContext ShutdownOptions SignalHandling ' +
    'SignalOptions StoppableServer handleSignals healthMiddleware shutDown',
  './nest': 'EndpointOptions EndpointPaths HEALTH HealthModule HealthModuleOptions createHealthModule',
  './checks':
    'Check DiskCheckOptions HttpCheckOptions QueueCheckOptions QueueLike diskCheck httpCheck queueCheck',
  './terminus': 'TerminusIndicator TerminusIndicators TerminusOptions fromTerminus',
  './diagnose': 'DiagnoseOptions Diagnosis diagnose',
  './advice': 'Advice PROBLEM_ADVICE REASON_EFFECTS',
  './auto': 'AUTO_DEFAULTS',
  './opentelemetry':
    'HealthObservation HistogramLike HistogramOptions InstrumentOptions MeterLike ObserveOptions ' +
    'ObserverLike observeHealth resourceAttributes',
  './prom-client': 'HealthRegistration RegisterOptions RegistryLike registerHealth',
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

/** Packs the library and installs it; it must be closed. */
export async function packLibrary(): Promise<Packed> {
  const folder = await packagingFolder();
  const { tarball, unpackedBytes } = await pack('health', folder);
  const project = await emptyProject(join(folder, 'empty'), tarball);
  const application = await emptyProject(join(folder, 'beside', 'application'), tarball);
  // What is installed here stands in for `npm install fastify pg …`, so that no registry is asked.
  await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'beside', 'node_modules'));
  return { folder, project, application, tarball, unpackedBytes, close: () => remove(folder) };
}

/** A folder for tarballs and projects, to be removed. */
export function packagingFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'portal-packaging-'));
}

export function remove(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}

/** One of the packages that are published, as a tarball in `folder`. */
export interface Tarball {
  readonly tarball: string;
  readonly unpackedBytes: number;
}

/** Packs the package below `packages/NAME`. */
export async function pack(name: string, folder: string): Promise<Tarball> {
  const { stdout } = await execute(process.execPath, [join(REPOSITORY, 'scripts/pack.mjs'), name, folder]);
  const [tarball = '', bytes] = stdout.trim().split(' ');
  return { tarball, unpackedBytes: Number(bytes) };
}

/** A project at `path` with what is in `tarballs`, and what that needs. */
export async function emptyProject(path: string, ...tarballs: readonly string[]): Promise<string> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'package.json'), '{ "name": "application", "private": true, "type": "module" }');
  const quietly = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await npm(path, 'install', ...tarballs, ...quietly);
  return path;
}

export function npm(cwd: string, ...args: readonly string[]): Promise<{ stdout: string }> {
  return execute('npm', args, { cwd });
}

/** One of the repository's own tools. */
export function tool(cwd: string, name: string, ...args: readonly string[]): Promise<{ stdout: string }> {
  return execute(join(REPOSITORY, 'node_modules/.bin', name), args, { cwd });
}

/** The declarations of a subpath, as installed in `project`. */
export async function declarationsOf(
  project: string,
  subpath: string,
  name = 'portal-health',
): Promise<string> {
  const installed = join(project, 'node_modules', name);
  const { exports } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    exports: Record<string, { require: { types: string } }>;
  };
  return readFile(join(installed, exports[subpath]?.require.types ?? ''), 'utf8');
}

/** Every exported name of a declaration file, in the order of the alphabet. */
export function namesIn(declarations: string): string[] {
  const listed = [...declarations.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = '']) =>
    list.split(',').map((name) =>
      name
        .trim()
        .replace(/^type /, '')
        .replace(/^.* as /, ''),
    ),
  );
  const declared = [
    ...declarations.matchAll(/^export (?:declare )?(?:function|const|class|interface|type) (\w+)/gm),
  ].map(([, name = '']) => name);
  return [...listed, ...declared].filter((name) => name !== '').toSorted();
}
