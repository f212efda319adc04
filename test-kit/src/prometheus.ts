/**
 * The real Prometheus and its `promtool`, to scrape, lint and query what others only believe to be metrics.
 */
import { spawn } from 'node:child_process';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findInstalled } from 'portal-dev-servers/debian-package';
import { withFreePort } from 'portal-dev-servers/free-port';
import { chooseIdentity, giveTo } from 'portal-dev-servers/identity';
import { startServerProcess, type ServerProcess } from 'portal-dev-servers/server-process';
import { fetchAptPackage } from './apt-package.js';
import { makeServerFolder } from './paths.js';
import { waitFor } from './wait.js';

export interface Prometheus {
  readonly url: string;
  readonly pid: number;
  /**
   * What PromQL gives at this moment.
   *
   * @throws an Error with Prometheus's own words when the query cannot be used
   */
  query(promql: string): Promise<readonly PrometheusSeries[]>;
  /** What the last scrape of each target met: `''` when all was well. */
  scrapeErrors(): Promise<readonly string[]>;
  /** Ends it and deletes what it has recorded. */
  close(): Promise<void>;
}

/** One series of an instant vector. */
export interface PrometheusSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Not a number where Prometheus says so, e.g. after a division by zero. */
  readonly value: number;
}

export interface PrometheusOptions {
  readonly targets: readonly PrometheusJob[];
  /** Milliseconds between two scrapes, and within which one must be done; default: 200. */
  readonly everyMs?: number;
  /** Default: `everyMs`. */
  readonly scrapeTimeoutMs?: number;
  /** Absolute path of a file of rules. */
  readonly rules?: string;
}

/** What is scraped: at a port of this machine, where a file of Prometheus’ `file_sd` says, or a list by `http_sd`. */
export type PrometheusJob = { readonly job: string } & (
  | { readonly port: number }
  | { readonly file: string }
  | {
      readonly list: { readonly url: string; readonly token: string };
      /** Of those that speak TLS; Prometheus must be able to read the file. */
      readonly tls: { readonly caFile: string; readonly serverName: string };
    }
);

/** What `promtool` said. */
export interface PromtoolResult {
  readonly exitCode: number | null;
  /** Both of its outputs. */
  readonly output: string;
}

interface Programs {
  readonly prometheus: string;
  readonly promtool: string;
}

const START_TIMEOUT_MS = 20_000;
const QUERY_TIMEOUT_MS = 10_000;

/** Finds both programs: installed, fetched before, or fetched now. A machine that has no way to them fails the test. */
async function findPrograms(): Promise<Programs> {
  const prometheus = await findInstalled('prometheus');
  const promtool = await findInstalled('promtool');
  if (prometheus !== undefined && promtool !== undefined) return { prometheus, promtool };

  // What it depends on is the looks of its pages.
  const place = await fetchAptPackage({ name: 'prometheus', withDependencies: false });
  const bin = join(place, 'usr', 'bin');
  const programs = { prometheus: join(bin, 'prometheus'), promtool: join(bin, 'promtool') };
  await Promise.all(Object.values(programs).map((file) => access(file)));
  return programs;
}

/** Runs `promtool` to its end, with `input` as its standard input. */
export async function runPromtool(args: readonly string[], input = ''): Promise<PromtoolResult> {
  const { promtool } = await findPrograms();
  const child = spawn(promtool, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: START_TIMEOUT_MS * 3 });
  // One that refuses its arguments reads nothing.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { exitCode, output: stdout + stderr };
}

/** Starts a Prometheus at a free port, in a folder of its own. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { prometheus: program } = await findPrograms();
  return start(options, {
    program,
    ready: '/-/ready',
    arguments: ({ configuration, data, port }) => [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
  });
}

/** Starts a VictoriaMetrics that scrapes in the same way, and speaks as a Prometheus does. It knows no rules. */
export async function startVictoriaMetrics(options: Omit<PrometheusOptions, 'rules'>): Promise<Prometheus> {
  const program =
    (await findInstalled('victoria-metrics')) ??
    join(
      await fetchAptPackage({ name: 'victoria-metrics', withDependencies: false }),
      'usr',
      'bin',
      'victoria-metrics',
    );
  return start(options, {
    program,
    ready: '/health',
    arguments: ({ configuration, data, port }) => [
      `-promscrape.config=${configuration}`,
      // It knows no rules, and so no interval of theirs.
      '-promscrape.config.strictParse=false',
      '-promscrape.fileSDCheckInterval=1s',
      '-promscrape.httpSDCheckInterval=1s',
      `-storageDataPath=${data}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-memory.allowedBytes=256MB',
    ],
  });
}

interface Make {
  readonly program: string;
  /** Path that answers once it is ready. */
  readonly ready: string;
  readonly arguments: (places: {
    readonly configuration: string;
    readonly data: string;
    readonly port: number;
  }) => readonly string[];
}

async function start(options: PrometheusOptions, make: Make): Promise<Prometheus> {
  const { program } = make;
  const folder = await makeServerFolder('prometheus');
  try {
    const identity = await chooseIdentity({ program, env: {}, folder });
    const configuration = join(folder, 'prometheus.json');
    const data = join(folder, 'data');
    await mkdir(data);
    // JSON is YAML.
    await writeFile(configuration, JSON.stringify(configurationOf(options)));
    await giveTo(identity, data);
    const { port, server } = await withFreePort(
      async (candidate) => {
        const started = await startServerProcess({
          command: [program, ...make.arguments({ configuration, data, port: candidate })],
          identity,
          logFile: join(folder, `log-${candidate}`),
          orphanSignal: 'KILL',
          orphanFolder: folder,
        });
        await untilReady(started, `http://127.0.0.1:${candidate}${make.ready}`);
        return { port: candidate, server: started };
      },
      (error) => error instanceof Error && error.message.includes('address already in use'),
    );
    return attend(server, port, folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function configurationOf({
  targets,
  rules,
  everyMs = 200,
  scrapeTimeoutMs = everyMs,
}: PrometheusOptions): unknown {
  const every = `${everyMs}ms`;
  return {
    global: { scrape_interval: every, scrape_timeout: `${scrapeTimeoutMs}ms`, evaluation_interval: every },
    ...(rules === undefined ? {} : { rule_files: [rules] }),
    scrape_configs: targets.map((job) => ({
      job_name: job.job,
      // Whoever is sent elsewhere is not there.
      follow_redirects: false,
      ...whereabouts(job),
    })),
  };
}

function whereabouts(job: PrometheusJob): object {
  if ('file' in job) return { file_sd_configs: [{ files: [job.file] }] };
  if ('port' in job) return { static_configs: [{ targets: [`127.0.0.1:${job.port}`] }] };
  const { list, tls } = job;
  const authorization = { type: 'Bearer', credentials: list.token };
  return {
    // VictoriaMetrics is told by an option how often it is read.
    http_sd_configs: [{ url: list.url, refresh_interval: '1s', authorization }],
    tls_config: { ca_file: tls.caFile, server_name: tls.serverName },
  };
}

async function untilReady(server: ServerProcess, url: string): Promise<void> {
  try {
    await waitFor('Prometheus to be ready', async () => server.hasEnded() || (await fetch(url)).ok, {
      timeoutMs: START_TIMEOUT_MS,
      everyMs: 50,
    });
    if (server.hasEnded()) throw new Error(`Prometheus did not start: ${await server.printed()}`);
  } catch (error) {
    await server.stop('SIGKILL', 0);
    throw error;
  }
}

interface ApiReply {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data?: unknown;
}

function attend(server: ServerProcess, port: number, folder: string): Prometheus {
  const url = `http://127.0.0.1:${port}`;

  async function query(path: string): Promise<unknown> {
    const response = await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(QUERY_TIMEOUT_MS) });
    const answer = (await response.json()) as ApiReply;
    if (answer.status === 'error') throw new Error(`Prometheus refuses ${path}: ${answer.error}`);
    return answer.data;
  }

  return {
    url,
    pid: server.pid,
    async query(promql) {
      const data = (await query(
        `query?${new URLSearchParams({ query: promql }).toString()}`,
      )) as VectorOrScalar;
      if (data.resultType === 'scalar') return [{ labels: {}, value: Number(data.result[1]) }];
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async scrapeErrors() {
      const data = (await query('targets')) as { activeTargets: { lastError: string }[] };
      return data.activeTargets.map(({ lastError }) => lastError);
    },
    async close() {
      await server.stop('SIGTERM', 5_000);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type VectorOrScalar =
  | { readonly resultType: 'scalar'; readonly result: readonly [number, string] }
  | {
      readonly resultType: 'vector';
      readonly result: readonly {
        readonly metric: Readonly<Record<string, string>>;
        readonly value: readonly [number, string];
      }[];
    };
