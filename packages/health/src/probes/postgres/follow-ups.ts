/**
 * A place for whatever is to be asked over connections of a probe, and comes later than the probe.
 */
import type { FollowUp } from './fresh-postgres-connection.js';

export interface FollowUps extends FollowUp {
  /** The first of those that are due has the connection. */
  attach(followUp: FollowUp): void;
}

export function createFollowUps(): FollowUps {
  const attached: FollowUp[] = [];
  const due = (): FollowUp | undefined => attached.find((one) => one.isDue());
  return {
    attach: (followUp) => attached.push(followUp),
    isDue: () => due() !== undefined,
    async take(connection) {
      const next = due();
      if (next) await next.take(connection);
      else connection.end();
    },
  };
}
