/**
 * Users and sessions for a command, without what reaches them until they are asked for: the drivers take longer to read
 * than it takes to tell somebody how a command is written.
 */
import type { Workplace } from './reach-records.js';

/** Does `work`, with the tables up to date, and lets go of everything whatever comes of it. */
export async function withRecords(work: (workplace: Workplace) => Promise<void>): Promise<void> {
  const { reachRecords } = await import('./reach-records.js');
  await reachRecords(work);
}
