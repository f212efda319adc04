/** One request to the service, and what can come of it. */
import type { ApiDocuments } from 'portal-server/api';
import { withBase } from '../base.js';

/** `status` 0: no response, or none that can be read. */
export interface ApiResponse<Body> {
  readonly status: number;
  readonly body: Body | null;
  /** What the service says is wrong, in one sentence. */
  readonly error: string | null;
  /** What `Retry-After` says, in milliseconds. */
  readonly retryAfterMs: number | null;
}

export type ApiPath = keyof ApiDocuments;

export type Query = Readonly<Record<string, string | number>>;

export interface GetOptions {
  /** What stands for the names in braces in the path. */
  readonly names?: Readonly<Record<string, string>>;
  readonly query?: Query;
  readonly signal?: AbortSignal;
}

/** Longer than any response of a running service takes. */
const TIMEOUT_MS = 4_000;
/** A long answer over a bad line, which is no reason to begin anew: 50 kB at 3 kB a second. */
const READ_TIMEOUT_MS = 20_000;
/** Sign-in requests may be queued, and an abandoned one would use up a code. */
export const QUEUED_TIMEOUT_MS = 12_000;

/** While its database fails, the service cannot say who is signed in until its probe knows, within a second or two. */
const RETRY_FOR_MS = 5_000;

/** Retries a 503 with `Retry-After` for five seconds; never throws. */
export async function getJson<Path extends ApiPath>(
  path: Path,
  { names, query, signal }: GetOptions = {},
): Promise<ApiResponse<ApiDocuments[Path]>> {
  const untilMs = Date.now() + RETRY_FOR_MS;
  for (;;) {
    const response = await send<ApiDocuments[Path]>(
      fillPath(path, names) + searchOf(query),
      signal ? { signal } : {},
      READ_TIMEOUT_MS,
    );
    const { status, retryAfterMs } = response;
    if (status !== 503 || retryAfterMs === null || signal?.aborted || Date.now() + retryAfterMs > untilMs)
      return response;
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
  }
}

/** Sends once; never throws. */
export async function postJson<Path extends string>(
  path: Path,
  body: object = {},
  timeoutMs = TIMEOUT_MS,
): Promise<ApiResponse<Path extends ApiPath ? ApiDocuments[Path] : unknown>> {
  const init = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
  return send(path, init, timeoutMs);
}

/** `/services/{service}` with the name of one. */
export function fillPath(path: string, names: Readonly<Record<string, string>> = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name] ?? ''));
}

/** `?from=…&limit=50`; empty without parameters. */
export function searchOf(query: Query = {}): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

async function send<Body>(
  path: string,
  init: RequestInit,
  timeoutMs = TIMEOUT_MS,
): Promise<ApiResponse<Body>> {
  try {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    const response = await fetch(withBase(path), { ...init, signal, cache: 'no-store' });
    const text = await response.text();
    const body = text === '' ? null : (JSON.parse(text) as Body & { readonly error?: string });
    const isReport = response.ok || (body !== null && typeof body === 'object' && 'errors' in body);
    const retryAfter = Number(response.headers.get('Retry-After') ?? Number.NaN);
    return {
      status: response.status,
      body: isReport ? body : null,
      error: body?.error ?? null,
      retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1_000 : null,
    };
  } catch {
    return { status: 0, body: null, error: null, retryAfterMs: null };
  }
}
