/**
 * Users and sessions for a command, without what reaches them until they are asked for: the drivers take longer to read
 * than it takes to tell somebody how a command is written.
 */
import type { CommandContext } from './open-stores.js';

/** Does `work`, with the tables up to date, and lets go of everything whatever comes of it. */
export async function withStores(work: (workplace: CommandContext) => Promise<void>): Promise<void> {
  const { openStores: reachRecords } = await import('./open-stores.js');
  await reachRecords(work);
}
