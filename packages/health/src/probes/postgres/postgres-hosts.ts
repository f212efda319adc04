/**
 * Several hosts of one database, of which one answers.
 */
import { ownProblem } from '../own-problems.js';
import type { ProbeResult } from './fresh-postgres-connection.js';

/** Whom to ask, and how patiently. */
export interface HostAttempts {
  readonly hosts: number;
  /** Milliseconds that a host has before the next is asked as well. */
  readonly turnMs: number;
  /** Whether it should refuse writes: one that is otherwise is only the second best. `undefined` where any will do. */
  readonly readOnly: boolean | undefined;
}

/** An answer, and whose it is. */
export interface HostResult extends ProbeResult {
  readonly index: number;
}

/**
 * Asks the hosts one after the other as the driver does, but does not wait for one that is silent: after a while the next
 * is asked as well, and whichever answers first as it should counts.
 */
export function tryHosts(
  { hosts, turnMs, readOnly }: HostAttempts,
  askAt: (index: number) => Promise<ProbeResult>,
  isOver: () => boolean,
): Promise<HostResult> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    let next = 0;
    let open = 0;
    let isAnswered = false;
    let timer: NodeJS.Timeout | undefined;
    let secondBest: HostResult | undefined;
    let failure: unknown;

    function askNext(): void {
      clearTimeout(timer);
      if (isAnswered || isOver() || next >= Math.max(1, hosts)) return;
      const waitedMs = performance.now() - startedMs;
      const index = next;
      const asked = askAt(index);
      next += 1;
      open += 1;
      timer = setTimeout(askNext, turnMs);
      asked
        .then(
          (answer) => take({ ...answer, waitedMs, index }),
          (error: unknown) => {
            // What another host said is evidence; what went wrong here is none.
            if (failure === undefined || ownProblem(error) === undefined) failure = error;
          },
        )
        .finally(() => {
          open -= 1;
          askNext();
          if (open > 0 || isAnswered) return;
          // On one that takes writes, where a standby is wanted, the driver hangs up: the application gets nothing.
          if (secondBest && readOnly === false) resolve(secondBest);
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- as the driver reports it
          else reject(secondBest ? new NoStandbyError() : failure);
        });
    }

    function take(answer: HostResult): void {
      if (readOnly !== undefined && answer.readOnly === !readOnly) {
        secondBest = answer;
        return;
      }
      isAnswered = true;
      clearTimeout(timer);
      resolve(answer);
    }

    askNext();
  });
}

/** Whether the server that `target_session_attrs` asks for refuses writes; `undefined` where any will do. */
export function readOnlyWanted(attributes: string | null): boolean | undefined {
  if (attributes === 'read-write' || attributes === 'primary') return false;
  return attributes === 'read-only' || attributes === 'standby' ? true : undefined;
}

class NoStandbyError extends Error {
  constructor() {
    super('could not connect: no host is the standby that target_session_attrs asks for');
  }
}
