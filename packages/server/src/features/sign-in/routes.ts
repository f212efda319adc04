/**
 * The doors of signing in: ask for a code, and bring it. Neither says who exists.
 */
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { PortalError } from '../../errors.js';
import { addAction, textIn } from '../../platform/action.js';
import { clientAddress } from '../../infra/client-address.js';
import { allowedBy, type RateLimit } from '../../auth/rate-limit.js';
import type { CodeToDeliver } from '../../auth/login-codes/delivery.js';
import type { SignIn, Visitor } from '../../auth/login-codes/sign-in.js';
import type { Redeemed } from '../../auth/login-codes/store.js';

/** How often one address, and all of them together, are served at once; beyond that they wait and nobody is refused. */
export interface DoorLimits {
  readonly ofAddress: RateLimit;
  readonly ofAll: RateLimit;
}

/** A session that has begun. */
export interface Begun {
  /** Value of a `Set-Cookie` header. */
  readonly cookie: string;
  /** What is answered. */
  readonly document: object;
}

/** What the routes need of others. */
export interface SignInRoutesOptions {
  readonly signIn: SignIn;
  readonly limits: {
    readonly request: DoorLimits;
    /** How often one address may ask by one name, which has got its codes then. */
    readonly requestOfName: RateLimit;
    /** Of codes that are none. */
    readonly verify: DoorLimits;
  };
  /** @throws PortalError when the text cannot be the name of a user */
  readonly expectName: (name: string) => void;
  readonly deliver: (code: CodeToDeliver) => void;
  /** `undefined` when the user is there no more. */
  readonly begin: (redeemed: Redeemed, address: string) => Promise<Begun | undefined>;
  /** Told of every code that is none. */
  readonly onRefused: (refusal: { readonly reason: 'code'; readonly address: string }) => void;
}

/** The same for every name. */
const ANSWER = { message: 'If this user exists, a code is on its way.' };
const ANSWER_WITHOUT_DELIVERY = { message: 'This service sends no codes. Ask whoever runs it for one.' };
/** When to come again, if too many are waiting. */
const FULL_MS = 1_000;

export const signInRoutes: FastifyPluginCallback<SignInRoutesOptions> = (
  app,
  { signIn, limits, expectName, deliver, begin, onRefused },
  done,
) => {
  addAction(app, {
    url: '/v1/authentication/request',
    async act(request, reply) {
      const name = textIn(request, 'username');
      expectName(name);
      if (!signIn.isDeliverable) return reply.code(202).send(ANSWER_WITHOUT_DELIVERY);
      const visitor = visitorOf(request, limits.request);
      allowedBy(await limits.requestOfName.count(`${visitor.address} ${name.toLowerCase()}`), reply);
      await count(limits.request, visitor);
      deliver(await inTurn(signIn.request(name, visitor), reply));
      return reply.code(202).send(ANSWER);
    },
  });

  addAction(app, {
    url: '/v1/authentication/verify',
    async act(request, reply) {
      const code = textIn(request, 'code').trim();
      const visitor = visitorOf(request, limits.verify);
      const redeemed = await inTurn(signIn.redeem(code, visitor), reply);
      const begun = redeemed && (await begin(redeemed, visitor.address));
      if (!begun) {
        await count(limits.verify, visitor);
        onRefused({ reason: 'code', address: visitor.address });
        throw new PortalError('authenticationRequired');
      }
      return reply.header('Set-Cookie', begun.cookie).send(begun.document);
    },
  });
  done();
};

function visitorOf(request: FastifyRequest, { ofAddress, ofAll }: DoorLimits): Visitor {
  const address = clientAddress(request.ip);
  return { address, isOver: ofAddress.isOver(address) !== undefined || ofAll.isOver('all') !== undefined };
}

/** What counts is whether it is over the next time: nobody is refused by it now. */
async function count({ ofAddress, ofAll }: DoorLimits, { address }: Visitor): Promise<void> {
  await Promise.all([ofAddress.count(address), ofAll.count('all')]);
}

/** @throws PortalError when too many are waiting, who are told when to come again */
async function inTurn<Result>(work: Promise<Result>, reply: FastifyReply): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PortalError && error.kind === 'tooManyRequests') allowedBy(FULL_MS, reply);
    throw error;
  }
}
