/**
 * A question and a viewer in, a whole HTTP answer out. Reads memory only, never throws, and knows no framework.
 */
import { randomUUID } from 'node:crypto';
import type { Health } from './health.js';
import { verboseText } from './formats/verbose.js';
import { describe } from './problems.js';
import { UNMEASURED_CACHE, UNMEASURED_DATABASE } from './report.js';
import type { Report, Status, Viewer } from './types.js';

/** What can be asked: the report, or one of the three probes of an orchestrator. */
export type Door = 'health' | 'livez' | 'readyz' | 'startupz';

/** An HTTP request, as far as it matters here. */
export interface Question {
  readonly door: Door;
  /** HTTP method in capitals; all but `GET` and `HEAD` are refused. */
  readonly method: string;
  /** The probes only: one line a check. */
  readonly verbose?: boolean;
}

/** An HTTP answer for an adapter to send. `body` is empty for `HEAD`, whose headers are those of `GET`. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers `question` for `viewer` from what `health` holds in memory. */
export function respond(health: Health, question: Question, viewer: Viewer): Answer {
  const { method } = question;
  if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed();
  const answer = question.door === 'health' ? reportAnswer(health, viewer) : probeAnswer(health, question);
  return method === 'HEAD' ? { ...answer, body: '' } : answer;
}

/** Healthy and degraded are for the client to use, unhealthy is for the load balancer to avoid. */
const STATUS_CODE: Readonly<Record<Status, number>> = { healthy: 200, degraded: 200, unhealthy: 503 };

/** A report is frozen and stays the same object while nothing changes, so its answer can be kept with it. */
const rendered = new WeakMap<Report, Answer>();

function reportAnswer(health: Health, viewer: Viewer): Answer {
  const report = reportOrFailure(health, viewer);
  let answer = rendered.get(report);
  if (!answer) {
    const body = JSON.stringify(report);
    answer = Object.freeze({
      status: STATUS_CODE[report.status],
      headers: Object.freeze({
        'Content-Type': 'application/json',
        'Content-Length': String(Buffer.byteLength(body)),
        ...(viewer === 'admin'
          ? { 'Cache-Control': 'private, no-store', Vary: 'Cookie' }
          : { 'Cache-Control': 'public, max-age=1' }),
      }),
      body,
    });
    rendered.set(report, answer);
  }
  return answer;
}

/** The report; or, should making it fail, which is a bug of ours, a report that says just that. */
function reportOrFailure(health: Health, viewer: Viewer): Report {
  try {
    return health.report(viewer);
  } catch {
    return {
      status: 'unhealthy',
      database: false,
      cache: false,
      started_at: health.startedAt,
      db_statistics: UNMEASURED_DATABASE,
      cache_statistics: UNMEASURED_CACHE,
      ...(viewer === 'admin' ? { source_hash: null } : {}),
      errors: [describe('CHECK_FAILED')],
    };
  }
}

/** Liveness never fails for a dependency; readiness says no while unhealthy and from the moment a shutdown begins. */
function probeAnswer(health: Health, { door, verbose = false }: Question): Answer {
  const passes = door === 'livez' || (door === 'readyz' ? health.ready() : health.started());
  const verdict = passes ? 'ok' : 'not ready';
  const body = verbose ? verboseText(health.facts().findings, verdict) : `${verdict}\n`;
  return {
    status: passes ? 200 : 503,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
    },
    body,
  };
}

function methodNotAllowed(): Answer {
  const correlationId = randomUUID();
  const body = JSON.stringify({ error: 'Method not allowed', correlation_id: correlationId });
  return {
    status: 405,
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
      Allow: 'GET, HEAD',
      'X-Correlation-Id': correlationId,
    },
    body,
  };
}
