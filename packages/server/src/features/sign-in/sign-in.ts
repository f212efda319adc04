/**
 * The rules of signing in with a one-time code.
 *
 * Whoever asks for a code learns nothing by it: the answer, and all the work before it, are the same for every name.
 */
import { PortalError } from '../../errors.js';
import { createLane } from '../../platform/lane.js';
import { whileReachable } from '../../platform/postgres.js';
import { hashOf, isCode, newCode } from './code.js';
import type { CodeToDeliver } from './delivery.js';
import type { CodeMadeBy, CodeStore, Redeemed } from './store.js';

/** A code that was made for somebody, to be told this once. */
export interface MadeCode {
  readonly code: string;
  readonly expiresAt: Date;
}

/** Signing in. */
export interface SignIn {
  /**
   * Makes a code for whoever has this name, which only this address can use; `undefined` when there is nothing to deliver.
   *
   * @throws PortalError while the database cannot be asked
   */
  request(name: string, address: string): Promise<CodeToDeliver | undefined>;
  /**
   * Uses a code up and says whose it was; `undefined` when it is none, whatever is wrong with it.
   *
   * @throws PortalError while the database cannot be asked
   */
  redeem(code: string, address: string): Promise<Redeemed | undefined>;
  /** Makes a code that any address can use, for somebody at the machine. */
  make(userId: number, madeBy: Exclude<CodeMadeBy, 'request'>): Promise<MadeCode>;
}

/** What signing in is made of. */
export interface SignInOptions {
  readonly store: CodeStore;
  /** Whether codes that are asked for at the door can be brought to anybody. */
  readonly deliverable: boolean;
  /** Whether the database is known to be down: it is not asked then. */
  readonly isDown: () => boolean;
}

/** Those who come through the door wait for one another, and so take one connection of the pool. */
const AT_THE_DOOR = { most: 200, waitMs: 2_000 };

/** Puts the rules on top of the record. */
export function createSignIn({ store, deliverable, isDown }: SignInOptions): SignIn {
  const lane = createLane(AT_THE_DOOR);

  function ask<Result>(question: () => Promise<Result>): Promise<Result> {
    if (isDown()) throw new PortalError('unavailable');
    return lane.run(() => whileReachable(question()));
  }

  return {
    async request(name, address) {
      const code = newCode();
      const open = await ask(() => store.request({ name, hash: hashOf(code), address, deliverable }));
      if (open?.userName === undefined) return undefined;
      return { code, userName: open.userName, address, expiresAt: open.expiresAt };
    },
    async redeem(code, address) {
      return isCode(code) ? ask(() => store.redeem(hashOf(code), address)) : undefined;
    },
    async make(userId, madeBy) {
      const code = newCode();
      const { expiresAt } = await store.add(userId, hashOf(code), madeBy);
      return { code, expiresAt };
    },
  };
}
