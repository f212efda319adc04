/** A read of the file by its thread, which a disk that does not answer must not hold up. */
import { TimeoutError, withTimeout } from 'portal-shared/with-timeout';
import { PortalError } from '../../errors.js';
import type { Log } from '../log.js';

const READ_TIMEOUT_MS = 5_000;

/**
 * @param trouble - for the log, where the read fails
 * @throws PortalError (unavailable) when it fails, or there is no reply in time
 */
export async function readInTime<Result>(reply: Promise<Result>, log: Log, trouble: string): Promise<Result> {
  try {
    return await withTimeout(reply, READ_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof TimeoutError)) log.failure(trouble, error);
    throw new PortalError('unavailable');
  }
}
