/**
 * The doors of signing in: ask for a code, and bring it. Neither says who exists.
 */
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { PortalError } from '../../errors.js';
import { addAction, textIn } from '../../platform/action.js';
import { clientAddress } from '../../platform/client-address.js';
import { allowedBy, type RateLimit } from '../../platform/rate-limit.js';
import type { CodeToDeliver } from './delivery.js';
import type { SignIn } from './sign-in.js';
import type { Redeemed } from './store.js';

/** How often one address, and all of them together, may come to one of the doors. */
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
  readonly limits: { readonly request: DoorLimits; readonly verify: DoorLimits };
  /** @throws PortalError when the text cannot be the name of a user */
  readonly expectName: (name: string) => void;
  readonly deliver: (code: CodeToDeliver) => void;
  readonly begin: (redeemed: Redeemed, address: string) => Promise<Begun>;
  /** Told of every code that is none. */
  readonly onRefused: (refusal: { readonly reason: 'code'; readonly address: string }) => void;
}

/** The same for every name. */
const ANSWER = { message: 'If this user exists, a code is on its way.' };

export const signInRoutes: FastifyPluginCallback<SignInRoutesOptions> = (
  app,
  { signIn, limits, expectName, deliver, begin, onRefused },
  done,
) => {
  /** Who asks, once it is sure that they do not ask too often. */
  async function allowedAddress(
    request: FastifyRequest,
    reply: FastifyReply,
    { ofAddress, ofAll }: DoorLimits,
  ): Promise<string> {
    const address = clientAddress(request.ip);
    allowedBy(await ofAddress.count(address), reply);
    allowedBy(await ofAll.count('all'), reply);
    return address;
  }

  addAction(app, {
    url: '/v1/authentication/request',
    async act(request, reply) {
      const name = textIn(request, 'username');
      expectName(name);
      const address = await allowedAddress(request, reply, limits.request);
      const code = await signIn.request(name, address);
      // After the answer is out, or the one who asked is gone.
      if (code) reply.raw.once('close', () => deliver(code));
      return reply.code(202).send(ANSWER);
    },
  });

  addAction(app, {
    url: '/v1/authentication/verify',
    async act(request, reply) {
      const code = textIn(request, 'code');
      const address = await allowedAddress(request, reply, limits.verify);
      const redeemed = await signIn.redeem(code.trim(), address);
      if (!redeemed) {
        onRefused({ reason: 'code', address });
        throw new PortalError('authenticationRequired');
      }
      const { cookie, document } = await begin(redeemed, address);
      return reply.header('Set-Cookie', cookie).send(document);
    },
  });
  done();
};
