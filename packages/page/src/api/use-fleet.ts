/**
 * The fleet while somebody looks: the whole of it once, and then what changes. Where there is no stream, because a proxy
 * swallows it or the service is older, it is polled. A fleet of one is polled seldom: the page follows that one anyway.
 */
import type { FleetDeltaDocument, FleetDocument } from 'portal-server/api';
import { useEffect, useState } from 'preact/hooks';
import { keep, keptOf } from './kept.js';
import { hiddenFor, isHidden, pause, REST_AFTER_MS, REST_POLL_MS, untilVisible } from './poll-loop.js';
import { getJson } from './request.js';
import { readStream } from './stream.js';

export interface FleetState {
  /** The last that was heard; `null`: nothing yet. */
  readonly fleet: FleetDocument | null;
  /** Why there is nothing, or nothing new. */
  readonly error: string | null;
  /** Whether the service has answered, or not, so that it is known how large the fleet is or that it cannot be known. */
  readonly isAsked: boolean;
}

const PATH = '/v1/admin/fleet';
const POLL_MS = 5_000;
const POLL_ONE_MS = 30_000;
/** A stream that ended is opened again after this long, and one that was swallowed after a minute. */
const RETRY_MS = 1_500;
const SWALLOWED_MS = 60_000;
const UNHEARD: FleetState = { fleet: null, error: null, isAsked: false };

/** @param isWanted - false while nobody is signed in who may see it */
export function useFleet(isWanted: boolean): FleetState {
  const [state, setState] = useState<FleetState>(UNHEARD);
  useEffect(() => {
    const fleet = isWanted ? keptOf<FleetDocument>(PATH)?.value : undefined;
    setState(fleet ? { fleet, error: null, isAsked: true } : UNHEARD);
    if (!isWanted) return undefined;
    const stop = new AbortController();
    void follow(stop.signal, (change) => {
      if (stop.signal.aborted) return;
      setState((before) => {
        const after = change(before);
        if (after.fleet && after.fleet !== before.fleet) keep(PATH, after.fleet);
        return after;
      });
    });
    return () => stop.abort();
  }, [isWanted]);
  return state;
}

type SetState = (change: (before: FleetState) => FleetState) => void;

async function follow(signal: AbortSignal, set: SetState): Promise<void> {
  let streamAtMs = 0;
  while (!signal.aborted) {
    const { body, error } = await getJson(PATH, { signal });
    if (signal.aborted) return;
    set((before) => ({
      fleet: body ?? before.fleet,
      error: body ? null : (error ?? 'The service did not answer.'),
      isAsked: true,
    }));
    const isOne = body !== null && body.services.length <= 1;
    if (!isOne && Date.now() >= streamAtMs) {
      const hidden = hiddenFor(REST_AFTER_MS, signal);
      const hasHeard = await followStream(AbortSignal.any([signal, hidden.signal]), set);
      hidden.stop();
      streamAtMs = Date.now() + (hasHeard ? 0 : SWALLOWED_MS);
      await pause(hasHeard ? RETRY_MS : 0, signal);
    } else await pause(isOne ? POLL_ONE_MS : POLL_MS, signal);
    if (isOne) await untilVisible(signal);
    else await rest(signal, set);
  }
}

/** While the page is hidden: the services that are worst say how the fleet is, and are few. */
async function rest(signal: AbortSignal, set: SetState): Promise<void> {
  while (!signal.aborted && isHidden()) {
    const { body } = await getJson(PATH, { query: { status: 'unhealthy' }, signal });
    if (signal.aborted) return;
    const status = body?.status ?? 'unknown';
    set((before) => ({ ...before, fleet: before.fleet && { ...before.fleet, status } }));
    await untilVisible(signal, REST_POLL_MS);
  }
}

/** Resolves, when the stream has ended, with whether there was one. */
async function followStream(signal: AbortSignal, set: SetState): Promise<boolean> {
  let hasHeard = false;
  await readStream(
    `${PATH}/live`,
    {
      onHeard: () => (hasHeard = true),
      onEvent(event, data) {
        if (event === 'fleet') {
          const fleet = JSON.parse(data) as FleetDocument;
          set(() => ({ fleet, error: null, isAsked: true }));
        } else if (event === 'delta') {
          const delta = JSON.parse(data) as FleetDeltaDocument;
          set((before) => ({ ...before, fleet: before.fleet && withDelta(before.fleet, delta) }));
        }
      },
    },
    signal,
  );
  return hasHeard;
}

const WORST_FIRST = ['unhealthy', 'degraded', 'unknown', 'healthy'];

/** The fleet with what has changed, in the order of the API. */
export function withDelta(fleet: FleetDocument, { removed, ...delta }: FleetDeltaDocument): FleetDocument {
  const services = new Map(fleet.services.map((service) => [service.name, service]));
  for (const name of removed) services.delete(name);
  for (const service of delta.services) services.set(service.name, service);
  return {
    ...fleet,
    ...delta,
    services: [...services.values()].toSorted(
      (a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status) || (a.name < b.name ? -1 : 1),
    ),
  };
}
