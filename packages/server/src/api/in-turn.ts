import type { FastifyReply } from 'fastify';
import { PortalError } from '../errors.js';
import { allowedBy } from '../auth/rate-limit.js';

/** When to come again, if too many clients are waiting. */
const FULL_MS = 1_000;

/** @throws PortalError when too many clients are waiting, who are told when to come again */
export async function inTurn<Result>(work: Promise<Result>, reply: FastifyReply): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PortalError && error.type === 'tooManyRequests') allowedBy(FULL_MS, reply);
    throw error;
  }
}
