/**
 * The rules of signing in with a one-time code.
 *
 * Whoever asks for a code learns nothing by it: the answer, and all the work before and after it, are the same for every
 * name. Whoever brings a right one gets in, however many wrong ones others bring: each is looked at, and what others
 * bring too often only waits.
 */
import { PortalError } from '../../errors.js';
import { createBatchQueue } from '../../infra/batch-queue.js';
import { whileReachable } from '../../infra/postgres.js';
import { loginCodeHash, isCode, nameDigest, newCode, newLongCode } from './code.js';
import type { CodeToSend } from './code-sender.js';
import type {
  LoginCodeOrigin,
  CodeStore,
  OpenCode,
  Redeemed,
  RequestedCode,
  Try,
} from './login-code-store.js';

/** A code that was made for a user, to be shown this once. */
export interface MadeCode {
  readonly code: string;
  readonly expiresAt: Date;
}

export interface SignInClient {
  readonly address: string;
  /** Whether it is over a limit: then it waits until clients below it are served. */
  readonly isOver: boolean;
}

export interface SignIn {
  /** Whether requested codes can be delivered. */
  readonly isDeliverable: boolean;
  /**
   * Makes a code for the user of this name, which only this address can use. For a name of no user, the code signs nobody in.
   *
   * @throws PortalError while the database cannot be asked, or too many are waiting
   */
  request(name: string, visitor: SignInClient): Promise<CodeToSend>;
  /**
   * Uses a code up and says whose it was; `undefined` when it is none, whatever is wrong with it.
   *
   * @throws PortalError while the database cannot be asked, or too many are waiting
   */
  redeem(code: string, visitor: SignInClient): Promise<Redeemed | undefined>;
  /**
   * Makes a code that any address can use, for an operator at the machine.
   *
   * @throws PortalError when the user is not there, or is disabled
   */
  make(userId: number, madeBy: Exclude<LoginCodeOrigin, 'request'>): Promise<MadeCode>;
}

export interface SignInOptions {
  readonly store: CodeStore;
  readonly isDeliverable: boolean;
  /** Whether the database is known to be down: it is not asked then. */
  readonly isDown: () => boolean;
}

/** Requests write: those who ask too often write no more than this a second, all together. Each waits a few seconds. */
const REQUESTS = { batchSize: 100, most: 1_000, mostPerKey: 300, waitMs: 6_000 };
/** Tries only read. One address has at most this many looked at in a second, which the sums of SECURITY.md rest on. */
export const TRIES = { batchSize: 2_000, most: 2_000, mostPerKey: 1_000, waitMs: 4_000 };

/** Puts the rules on top of the record. */
export function createSignIn({ store, isDeliverable, isDown }: SignInOptions): SignIn {
  const requests = createBatchQueue<RequestedCode, OpenCode>({
    ...REQUESTS,
    runBatch: (codes) => whileReachable(requestAll(store, codes)),
  });
  const tries = createBatchQueue<Try, Redeemed | undefined>({
    ...TRIES,
    runBatch: (all) => whileReachable(store.redeem(all)),
  });

  function expectReachable(): void {
    if (isDown()) throw new PortalError('unavailable');
  }

  return {
    isDeliverable,
    async request(name, { address, isOver }) {
      expectReachable();
      const code = newCode();
      const open = await requests.run(
        { name, nameDigest: nameDigest(name), hash: loginCodeHash(code), address },
        { key: address, isLowPriority: isOver },
      );
      return { code, userName: open.userName, wasRequested: name, address, expiresAt: open.expiresAt };
    },
    async redeem(code, { address, isOver }) {
      if (!isCode(code)) return undefined;
      expectReachable();
      return tries.run({ hash: loginCodeHash(code), address }, { key: address, isLowPriority: isOver });
    },
    async make(userId, madeBy) {
      const code = newLongCode();
      const made = await store.add(userId, loginCodeHash(code), madeBy);
      if (!made) throw new PortalError('conflict', 'The user is disabled, or not there any more.');
      return { code, expiresAt: made.expiresAt };
    },
  };
}

/** Of several requests for one name from one address at this moment, the last gets a code; the codes of the others sign nobody in. */
async function requestAll(store: CodeStore, codes: readonly RequestedCode[]): Promise<readonly OpenCode[]> {
  const lastOf = new Map(codes.map((code) => [keyOf(code), code]));
  const chosen = [...lastOf.values()];
  const open = await store.request(chosen);
  const openOf = new Map(chosen.map((code, index) => [code, open[index]]));
  const expiresAt = open[0]?.expiresAt ?? new Date(0);
  return codes.map((code) => openOf.get(code) ?? { userName: undefined, expiresAt });
}

function keyOf({ nameDigest: digest, address }: RequestedCode): string {
  return `${digest.toString('hex')} ${address}`;
}
