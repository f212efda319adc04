/** A service in a process of its own, and beside it what a kubelet does: ask it every second, and wait for a second. */
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startServiceProcess, type Environment } from './service-process.js';

const SOURCE = fileURLToPath(new URL('../../../packages/server/migrations', import.meta.url));
const PERIOD_MS = 1_000;
const TIMEOUT_MS = 1_000;
/** Longer than a period, so that the switch looks away before the port closes; what deploy/kubernetes says too. */
const GRACE_MS = 3_000;

/** One round of the prober. Of HTTP there are status codes, or why there is none. */
export interface PodCheck {
  readonly atMs: number;
  readonly untilMs: number;
  readonly livez: number | string;
  readonly readyz: number | string;
  /** The status of the report just before `/readyz` was asked, and just after. */
  readonly statusBefore: string;
  readonly statusAfter: string;
  /** Whether either of the two says that this process is in trouble of its own, which readiness is about. */
  readonly isTroubled: boolean;
}

export interface Pod {
  readonly pid: number;
  readonly port: number;
  readonly checks: readonly PodCheck[];
  /** When it was asked to end. */
  readonly terminatedMs: number | undefined;
  /** As the last look found it. */
  ready(): boolean;
  /** Tells it to end, as a kubelet does, and gives its exit code. */
  terminate(): Promise<number | string | null>;
  kill(): Promise<unknown>;
}

/** Starts one on the stores of `environment`, and its prober. */
export async function startPod(environment: Environment): Promise<Pod> {
  const service = await startServiceProcess(tmpdir(), {
    PORTAL_LOG_LEVEL: 'warn',
    PORTAL_SHUTDOWN_GRACE_MS: String(GRACE_MS),
    PORTAL_SHUTDOWN_DEADLINE_MS: '8000',
    PORTAL_SOURCE_ROOT: SOURCE,
    ...environment,
  });
  const port = Number(new URL(service.url).port);
  const looks: PodCheck[] = [];
  let ready = false;
  let terminatedMs: number | undefined;
  let ending: Promise<number | string | null> | undefined;

  async function check(): Promise<void> {
    const atMs = performance.now();
    const livez = await sendProbe(port, '/livez');
    const before = await sendProbe(port, '/health');
    const readyz = await sendProbe(port, '/readyz');
    const after = await sendProbe(port, '/health');
    const answers = [livez, before, readyz, after];
    // The port closes before the process has ended; a kubelet has stopped asking by then.
    const gone = terminatedMs !== undefined && answers.some(({ why }) => why === 'ECONNREFUSED');
    ready = readyz.code === 200;
    if (gone) return;
    looks.push({
      atMs,
      untilMs: performance.now(),
      livez: livez.code ?? livez.why,
      readyz: readyz.code ?? readyz.why,
      statusBefore: before.status,
      statusAfter: after.status,
      isTroubled: before.isTroubled || after.isTroubled,
    });
  }
  let under = check();
  const timer = setInterval(() => {
    under = check();
  }, PERIOD_MS);

  function end(signal: NodeJS.Signals): Promise<number | string | null> {
    terminatedMs ??= performance.now();
    ending ??= service.stop(signal).then(async (code) => {
      clearInterval(timer);
      await under;
      ready = false;
      return code;
    });
    return ending;
  }

  return {
    pid: service.pid,
    port,
    checks: looks,
    get terminatedMs() {
      return terminatedMs;
    },
    ready: () => ready,
    terminate: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

interface ProbeReply {
  readonly code: number | undefined;
  readonly why: string;
  /** Of a report. */
  readonly status: string;
  readonly isTroubled: boolean;
}

const OWN_TROUBLE = /EVENT_LOOP_DELAYED|THREAD_POOL_BUSY|PROCESS_OUT_OF_DESCRIPTORS/;

/** One question on a connection of its own, as a kubelet asks it. */
function sendProbe(port: number, path: string): Promise<ProbeReply> {
  return new Promise((resolve) => {
    const failed = (why: string): void => resolve({ code: undefined, why, status: why, isTroubled: false });
    const outgoing = request({ host: '127.0.0.1', port, path, agent: false }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      incoming.on('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
      incoming.on('end', () => {
        clearTimeout(timer);
        const status = /"status":"([a-z]+)"/.exec(body)?.[1] ?? '';
        resolve({ code: incoming.statusCode, why: '', status, isTroubled: OWN_TROUBLE.test(body) });
      });
    });
    const timer = setTimeout(() => {
      failed('timeout');
      outgoing.destroy();
    }, TIMEOUT_MS);
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      failed(error.code ?? error.message);
    });
    outgoing.end();
  });
}
