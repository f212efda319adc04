/**
 * A page whose links are relative stands at one address. The router takes it with slashes behind it too; from there its
 * links would lead elsewhere.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Sends whoever asked for `address` with slashes behind it to `address`; `undefined` when they are there. */
export function redirectToCanonical(
  { raw: { url = '' } }: FastifyRequest,
  reply: FastifyReply,
  address: string,
): FastifyReply | undefined {
  const [path = ''] = url.split(/[?#]/, 1);
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  const slashes = path.length - end;
  if (slashes === 0) return undefined;
  return reply
    .code(308)
    .headers({
      'Cache-Control': 'no-cache',
      Location: '../'.repeat(slashes) + address.slice(address.lastIndexOf('/') + 1),
    })
    .send();
}
