/**
 * Clients that send requests to a target throughout a fault, each on its own connection, and record every response.
 */
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LeakScan } from './planted-secrets.js';
import type { Target } from './targets/target.js';

/** Who asks what: the public report, the administrators', liveness, or any other endpoint. */
export type ObservedEndpoint = 'public' | 'admin' | 'livez' | 'other';

export interface ObservedResponse {
  readonly endpoint: ObservedEndpoint;
  /** By `performance.now()`. */
  readonly sentMs: number;
  /** Until the end of the response. */
  readonly ms: number;
  /** 0 without a response. */
  readonly httpStatus: number;
  /**
   * Of a report: the verdict and the codes of its errors, such as `degraded CACHE_TIMEOUT`; `unavailable` of a
   * 503 with a `Retry-After` of a second; the error code without a response.
   */
  readonly verdict: string;
}

export interface Clients {
  readonly responses: readonly ObservedResponse[];
  /** Lets them finish and ends their connections. */
  stop(): Promise<void>;
}

/** How many there are, and how often each asks. */
export interface ClientsOptions {
  readonly count: number;
  readonly everyMs: number;
  readonly scan?: LeakScan;
}

/** Longer than any response may take. */
const HANG_MS = 5_000;

interface PlannedRequest {
  readonly endpoint: ObservedEndpoint;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Starts `count` clients: two of five ask for the public report, two for the administrators', one for the rest. */
export function startClients(target: Target, { count, everyMs, scan }: ClientsOptions): Clients {
  const responses: ObservedResponse[] = [];
  const others = otherRequests(target);
  const stop = new AbortController();
  let turn = 0;

  function nextRequest(client: number): PlannedRequest {
    const kind = client % 5;
    if (kind < 2) return { endpoint: 'public', path: '/health', headers: {} };
    if (kind < 4) {
      const cookie = target.cookies[client % target.cookies.length] ?? '';
      return { endpoint: 'admin', path: target.adminPath, headers: { Cookie: cookie } };
    }
    turn += 1;
    return others[turn % others.length] ?? { endpoint: 'livez', path: '/livez', headers: {} };
  }

  async function work(client: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    // Spread over the time between two requests.
    await sleep((client / count) * everyMs);
    while (!stop.signal.aborted) {
      const planned = nextRequest(client);
      const sentMs = performance.now();
      const { httpStatus, text } = await observe(target.url, planned, agent);
      const ms = performance.now() - sentMs;
      scan?.scan(`${target.name} ${planned.path}`, text);
      const verdict = httpStatus === 0 ? text : verdictIn(planned, text);
      responses.push({ endpoint: planned.endpoint, sentMs, ms, httpStatus, verdict });
      await sleep(Math.max(0, everyMs - ms));
    }
    agent.destroy();
  }

  const all = Promise.all(Array.from({ length: count }, (_, client) => work(client)));
  return {
    responses,
    async stop() {
      stop.abort();
      await all;
    },
  };
}

/** Every other endpoint and format there is, and some that there are not. */
function otherRequests({ adminPath, cookies: [cookie = ''] }: Target): PlannedRequest[] {
  const draft = { Accept: 'application/health+json' };
  const other = (path: string, headers: Readonly<Record<string, string>> = {}): PlannedRequest => ({
    endpoint: 'other',
    path,
    headers,
  });
  return [
    { endpoint: 'livez', path: '/livez', headers: {} },
    other('/readyz?verbose'),
    other('/startupz'),
    other('/metrics'),
    other('/metrics', { Accept: 'application/openmetrics-text' }),
    other('/health', draft),
    other(adminPath, { ...draft, Cookie: cookie }),
    other(adminPath, { Cookie: `psession=${'A'.repeat(43)}` }),
    other('/v1/admin/integrity', { Cookie: cookie }),
    other('/nowhere?x=%00'),
  ];
}

function observe(
  base: string,
  { path, headers }: PlannedRequest,
  agent: Agent,
): Promise<{ readonly httpStatus: number; readonly text: string }> {
  return new Promise((resolve) => {
    const outgoing = request(`${base}${path}`, { headers, agent }, (incoming: IncomingMessage) => {
      let body = '';
      incoming.setEncoding('latin1').on('data', (text: string) => {
        body += text;
      });
      incoming.on('error', failed);
      incoming.on('end', () => {
        clearTimeout(timer);
        const { statusCode = 0, rawHeaders } = incoming;
        resolve({ httpStatus: statusCode, text: `${rawHeaders.join('\n')}\n\n${body}` });
      });
    });
    const timer = setTimeout(() => outgoing.destroy(), HANG_MS);
    function failed(error: NodeJS.ErrnoException): void {
      clearTimeout(timer);
      resolve({ httpStatus: 0, text: error.code ?? 'UNKNOWN' });
    }
    outgoing.on('error', failed);
    outgoing.end();
  });
}

function verdictIn({ endpoint }: PlannedRequest, text: string): string {
  if (endpoint !== 'public' && endpoint !== 'admin') return '';
  if (/^retry-after\n1$/im.test(text) && text.includes('"Temporarily unavailable"')) return 'unavailable';
  const status = /"status":"([a-z]+)"/.exec(text)?.[1] ?? 'no report';
  const errors = /"errors":\[([^\]]*)\]/.exec(text)?.[1] ?? '';
  return [status, ...Array.from(errors.matchAll(/\(([A-Z_]+)\)/g), ([, code]) => code)].join(' ');
}
