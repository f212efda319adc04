/**
 * What the probes have found out about their own connections, the last of each.
 */
import type { Outcome } from '../types.js';

/** What a probe has found out about its own connection. */
export interface ConnectionReading {
  readonly type: 'database' | 'cache';
  /** As in a sighting: `database`, `database.reports`. */
  readonly component: string;
  /** In milliseconds since 1970; `null` without TLS, and where the driver keeps its socket to itself. */
  readonly certificateEndsAtMs: number | null;
  /** Milliseconds that the look-up of the server's name took; `null` when there was none, or it cannot be seen. */
  readonly lookUpMs: number | null;
  /** Why the name could not be looked up: a code, such as `ENOTFOUND`. */
  readonly lookUpError: string | null;
}

export interface ConnectionReadings {
  /** Of a database or a cache, by the name that the application gave. */
  note(type: ConnectionReading['type'], name: string, outcome: Outcome<unknown>): void;
  all(): readonly ConnectionReading[];
}

export function createConnectionReadings(): ConnectionReadings {
  const readings = new Map<string, ConnectionReading>();
  return {
    note(type, name, { problems, cause, connection }) {
      const component = type === name ? name : `${type}.${name}`;
      const isNotFound = problems.includes('NAME_LOOKUP');
      // A certificate ends, whether or not the server answers just now.
      const certificateEndsAtMs =
        connection?.certificateEndsAtMs ?? readings.get(component)?.certificateEndsAtMs ?? null;
      readings.set(component, {
        type,
        component,
        certificateEndsAtMs,
        lookUpMs: connection?.lookUpMs ?? null,
        lookUpError: isNotFound ? (cause?.code ?? 'NO_ANSWER') : null,
      });
    },
    all: () => [...readings.values()],
  };
}
