/** How often clients ask for codes and bring them. Beyond a limit they wait, and no client is refused. */
import type { RateLimit } from '../rate-limit.js';
import type { SignInClient } from './sign-in.js';

/** How often one address, and all of them together, are served at once. */
export interface VisitorLimits {
  readonly ofAddress: RateLimit;
  readonly ofAll: RateLimit;
}

export interface SignInLimits {
  readonly request: VisitorLimits;
  /** How often one address may ask by one name, which has got its codes then. */
  readonly requestOfName: RateLimit;
  /** Of codes that are none. */
  readonly verify: VisitorLimits;
}

export function visitorAt(address: string, { ofAddress, ofAll }: VisitorLimits): SignInClient {
  return { address, isOver: ofAddress.isOver(address) !== undefined || ofAll.isOver('all') !== undefined };
}

/** What counts is whether it is over the next time: no client is refused by it now. */
export async function countVisitor(
  { address }: SignInClient,
  { ofAddress, ofAll }: VisitorLimits,
): Promise<void> {
  await Promise.all([ofAddress.count(address), ofAll.count('all')]);
}
