/** One question to a door of the service, and what can come of it. */

import { within } from '../base.js';

/** `status` 0: nobody answered, or nothing that can be read. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body | null;
  /** What the service says is wrong, in one sentence. */
  readonly error: string | null;
}

/** Longer than any answer of a service that lives takes. */
const TIMEOUT_MS = 4_000;

/** Asks; never throws. */
export async function ask<Body>(path: string, signal?: AbortSignal): Promise<Answer<Body>> {
  return answered<Body>(path, signal ? { signal } : {});
}

/** Tells the service to do something; never throws. */
export async function tell<Body>(path: string, body: object = {}): Promise<Answer<Body>> {
  return answered<Body>(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function answered<Body>(path: string, init: RequestInit): Promise<Answer<Body>> {
  try {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    const response = await fetch(within(path), { ...init, signal, cache: 'no-store' });
    const text = await response.text();
    const body = text === '' ? null : (JSON.parse(text) as Body & { readonly error?: string });
    const isReport = response.ok || (body !== null && typeof body === 'object' && 'errors' in body);
    return { status: response.status, body: isReport ? body : null, error: body?.error ?? null };
  } catch {
    return { status: 0, body: null, error: null };
  }
}
