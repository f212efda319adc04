/** Who may keep an answer, and for how long. */
import type { FastifyReply } from 'fastify';

/** The headers of each policy. */
const CACHE_POLICIES = {
  /** Of one principal: nobody may keep it, and it is for nobody with another cookie or token. */
  noStore: { 'Cache-Control': 'private, no-store', Vary: 'Cookie, Authorization' },
  /** The same of `/metrics`, whose form depends on `Accept`. */
  noStoreByAccept: { 'Cache-Control': 'private, no-store', Vary: 'Accept, Cookie, Authorization' },
  /** For anyone, and old at once. */
  noStorePublic: { 'Cache-Control': 'no-store' },
  /** Changes with the version only, but somebody may be looking while it is deployed. */
  minutes: { 'Cache-Control': 'public, max-age=300' },
  /** Asked for again each time, and mostly answered by "as you have it". */
  revalidate: { 'Cache-Control': 'no-cache' },
  /** Its name has a hash of its content in it. */
  immutable: { 'Cache-Control': 'public, max-age=31536000, immutable' },
} as const;

export type CachePolicy = keyof typeof CACHE_POLICIES;

export function applyCachePolicy(reply: FastifyReply, policy: CachePolicy): FastifyReply {
  return reply.headers(CACHE_POLICIES[policy]);
}
