/**
 * Lists by DNS. Asked over the network and not through the thread pool, so a name server that is silent blocks nobody.
 */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { errorCode } from 'portal-shared/error-code';
import type { Discover } from '../file/discover.js';
import { DiscoveryError } from './target-list.js';

/** A message of DNS holds 64 KiB: of 5,000 addresses 4,094 came, without an error (measured). */
const MOST_RECORDS = 4_000;
const TIMEOUT_MS = 3_000;
const TRIES = 2;

/**
 * @param nameServer - `address:port`, as `Resolver.setServers` takes it
 * @throws DiscoveryError or an error of the look-up, of which none means "no instances"
 */
export async function listByDns(
  { name, port }: Extract<Discover, { kind: 'dns' }>,
  nameServer?: string,
): Promise<readonly string[]> {
  const resolver = createNameResolver(nameServer);
  const [v4, v6] = await Promise.all([
    emptyWithoutData(resolver.resolve4(name)),
    emptyWithoutData(resolver.resolve6(name)),
  ]);
  return complete([...v4, ...v6]).map((address) =>
    isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`,
  );
}

/** @throws as `listByDns` */
export async function listBySrv(
  { name }: Extract<Discover, { kind: 'srv' }>,
  nameServer?: string,
): Promise<readonly string[]> {
  const records = complete(await emptyWithoutData(createNameResolver(nameServer).resolveSrv(name)));
  return (
    records
      // RFC 2782: this target says that the service is not offered.
      .filter(({ name: target }) => target !== '' && target !== '.')
      .map(({ name: target, port }) => `${target.replace(/\.$/, '')}:${port}`)
  );
}

function createNameResolver(nameServer: string | undefined): Resolver {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (nameServer !== undefined) resolver.setServers([nameServer]);
  return resolver;
}

/** The name exists and has no record of the kind. Any other error is none of that: the list is not known. */
async function emptyWithoutData<Value>(asked: Promise<readonly Value[]>): Promise<readonly Value[]> {
  try {
    return await asked;
  } catch (error) {
    if (errorCode(error) === 'ENODATA') return [];
    throw error;
  }
}

function complete<Value>(records: readonly Value[]): readonly Value[] {
  if (records.length >= MOST_RECORDS) {
    throw new DiscoveryError(`the answer has ${MOST_RECORDS} records or more`, 'FLEET_DISCOVERY_SHORT');
  }
  return records;
}
