/**
 * A question and a viewer in, a whole HTTP answer out. Reads memory only, never throws, and knows no framework.
 */
import { healthJson } from './formats/health-json.js';
import { negotiate } from './negotiate.js';
import type { AdminView } from './formats/metrics.js';
import { metricsText } from './formats/openmetrics.js';
import { reasonsDocument } from './formats/reasons-json.js';
import { verboseText } from './formats/verbose.js';
import type { Health } from '../health-type.js';
import type { Endpoint } from './endpoint-options.js';
import { failedReport } from '../report.js';
import type { Status, Viewer } from '../types.js';

/** An HTTP request, as far as it matters here. */
export interface HealthRequest {
  readonly endpoint: Endpoint;
  /** HTTP method in capitals; all but `GET` and `HEAD` are refused. */
  readonly method: string;
  /** The `Accept` header as it came; the report and the metrics have more than one format. */
  readonly accept?: string | undefined;
  /** Asked by a machine at its own rhythm, such as one that watches many services: no reason to probe more often. */
  readonly byMachine?: boolean;
  /** The probes only: one line a check. */
  readonly verbose?: boolean;
}

/** An HTTP answer for an adapter to send. `body` is empty for `HEAD`, whose headers are those of `GET`. */
export interface HealthResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Answers `question` for `viewer` from what `health` holds in memory: for a framework that has no adapter.
 *
 * @example
 * ```ts
 * import { createHealth, respond } from 'portal-health';
 *
 * const health = createHealth({});
 * await health.start();
 * const { status, headers, body } = respond(health, { endpoint: 'health', method: 'GET' }, 'public');
 * ```
 */
export function respond(health: Health, question: HealthRequest, viewer: Viewer): HealthResponse {
  const { method, endpoint } = question;
  if ((endpoint === 'reasons' || endpoint === 'statement') && viewer !== 'admin') return notFound(method);
  const statement = endpoint === 'statement' ? health.statement() : undefined;
  if (statement === null) return notFound(method);
  if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed();
  const response =
    statement === undefined
      ? responseOrFailure(health, question, viewer)
      : responseOf(200, 'application/json', statement, CACHING.admin);
  return method === 'HEAD' ? { ...response, body: '' } : response;
}

/** An answer; or, should making it fail, which is a bug of ours, a report that says just that. */
function responseOrFailure(health: Health, question: HealthRequest, viewer: Viewer): HealthResponse {
  try {
    if (question.endpoint === 'health') {
      if (!question.byMachine) health.noteRequest();
      return reportResponse(health, question, viewer);
    }
    if (question.endpoint === 'reasons') return reasonsResponse(health);
    return question.endpoint === 'metrics'
      ? metricsResponse(health, question, viewer)
      : probeResponse(health, question);
  } catch {
    if (question.endpoint === 'livez')
      return responseOf(200, 'text/plain; charset=utf-8', 'ok\n', NEVER_KEPT);
    return responseOf(
      503,
      'application/json',
      JSON.stringify(failedReport(health.startedAt, viewer)),
      NEVER_KEPT,
    );
  }
}

/** Healthy and degraded are for the client to use, unhealthy is for the load balancer to avoid. */
const STATUS_CODE: Readonly<Record<Status, number>> = { healthy: 200, degraded: 200, unhealthy: 503 };

const NEVER_KEPT = { 'Cache-Control': 'no-store' };
const CACHING: Readonly<Record<Viewer, Readonly<Record<string, string>>>> = {
  // A proxy that may keep an answer may also serve a *healthy* of yesterday while the origin says 503.
  public: { 'Cache-Control': 'no-store', Vary: 'Accept' },
  admin: { 'Cache-Control': 'private, no-store', Vary: 'Cookie, Authorization' },
};

/** Facts are frozen and stay the same object while nothing changes, so answers made of them are kept with them. */
const rendered = new WeakMap<object, Map<string, HealthResponse>>();

function reportResponse(health: Health, { accept }: HealthRequest, viewer: Viewer): HealthResponse {
  const report = health.report(viewer);
  const type = negotiate(accept, ['application/json', 'application/health+json']);
  return kept(report, type, () => {
    const document =
      type === 'application/json' ? report : healthJson(health.snapshot(), report.status, viewer);
    return responseOf(STATUS_CODE[report.status], type, JSON.stringify(document), CACHING[viewer]);
  });
}

/** Always 200: a scrape that fails tells Prometheus nothing, and the status is one of the metrics. */
function metricsResponse(health: Health, { accept }: HealthRequest, viewer: Viewer): HealthResponse {
  const facts = health.snapshot();
  const type = negotiate(accept, ['text/plain', 'application/openmetrics-text']);
  function answer(ofAdmin?: AdminView): HealthResponse {
    const { status } = health.report('public');
    const openMetrics = type === 'application/openmetrics-text';
    const version = openMetrics ? '1.0.0' : '0.0.4';
    const text = metricsText(facts, status, openMetrics ? 'openmetrics' : 'prometheus', ofAdmin);
    return responseOf(200, `${type}; version=${version}; charset=utf-8`, text, {
      ...NEVER_KEPT,
      Vary: 'Accept',
    });
  }
  // Which source runs, and why things are unwell, is for administrators.
  if (viewer === 'admin') {
    const reasons = health.isExplaining() ? health.reasons('admin') : undefined;
    return answer({ reasons });
  }
  return kept(facts, type, () => answer());
}

/** Their ages change all the time, so it is made anew. */
function reasonsResponse(health: Health): HealthResponse {
  const body = JSON.stringify(reasonsDocument(health.reasons('admin')));
  return responseOf(200, 'application/json', body, CACHING.admin);
}

/** Liveness never fails for a dependency; what readiness says no for is told at `Health.ready`. */
function probeResponse(health: Health, { endpoint, verbose = false }: HealthRequest): HealthResponse {
  const passes = endpoint === 'livez' || (endpoint === 'readyz' ? health.ready() : health.started());
  const verdict = passes ? 'ok' : 'not ready';
  const body = verbose ? verboseText(health.snapshot().components, verdict) : `${verdict}\n`;
  return responseOf(passes ? 200 : 503, 'text/plain; charset=utf-8', body, NEVER_KEPT);
}

function methodNotAllowed(): HealthResponse {
  return refusal(405, 'Method not allowed', { Allow: 'GET, HEAD' });
}

/** The same for every method: whoever may not see it is not told what it would take. */
function notFound(method: string): HealthResponse {
  const response = refusal(404, 'Not found', {});
  return method === 'HEAD' ? { ...response, body: '' } : response;
}

function refusal(status: number, error: string, headers: Readonly<Record<string, string>>): HealthResponse {
  const correlationId = crypto.randomUUID();
  const body = JSON.stringify({ error, correlation_id: correlationId });
  return responseOf(status, 'application/json', body, {
    ...NEVER_KEPT,
    ...headers,
    'X-Correlation-Id': correlationId,
  });
}

function responseOf(
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): HealthResponse {
  const bytes = Buffer.from(body);
  return Object.freeze({
    status,
    headers: Object.freeze({
      'Content-Type': contentType,
      'Content-Length': String(bytes.length),
      ...headers,
    }),
    // The same text in one piece: what `JSON.stringify` gives is put together from its parts each time it is sent.
    body: bytes.toString(),
  });
}

function kept(of: object, as: string, make: () => HealthResponse): HealthResponse {
  let answers = rendered.get(of);
  if (!answers) rendered.set(of, (answers = new Map()));
  let answer = answers.get(as);
  if (!answer) answers.set(as, (answer = make()));
  return answer;
}
