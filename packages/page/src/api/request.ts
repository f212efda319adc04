/** One question to a door of the service, and what can come of it. */

import { withBase } from '../base.js';

/** `status` 0: nobody answered, or nothing that can be read. */
export interface ApiResponse<Body> {
  readonly status: number;
  readonly body: Body | null;
  /** What the service says is wrong, in one sentence. */
  readonly error: string | null;
  /** In how many milliseconds to come again, where it says so. */
  readonly againMs: number | null;
}

/** Longer than any answer of a service that lives takes. */
const TIMEOUT_MS = 4_000;
/** Signing in may have to wait for its turn; to give up sooner would use up a code for nothing. */
export const TURN_MS = 12_000;

/** For so long is waited out that the service cannot say now who asks; its probe knows within a second or two. */
const PATIENCE_MS = 5_000;

/** Asks, again where the service says that it can tell in a moment; never throws. */
export async function getJson<Body>(path: string, signal?: AbortSignal): Promise<ApiResponse<Body>> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await send<Body>(path, signal ? { signal } : {});
    const { status, againMs } = answer;
    if (status !== 503 || againMs === null || signal?.aborted || Date.now() + againMs > untilMs)
      return answer;
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}

/** Tells the service to do something; never throws. */
export async function postJson<Body>(
  path: string,
  body: object = {},
  timeoutMs = TIMEOUT_MS,
): Promise<ApiResponse<Body>> {
  const init = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  };
  return send<Body>(path, init, timeoutMs);
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
    const again = Number(response.headers.get('Retry-After') ?? Number.NaN);
    return {
      status: response.status,
      body: isReport ? body : null,
      error: body?.error ?? null,
      againMs: Number.isFinite(again) ? again * 1_000 : null,
    };
  } catch {
    return { status: 0, body: null, error: null, againMs: null };
  }
}
