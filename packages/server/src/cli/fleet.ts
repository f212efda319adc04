/** `portal fleet probe` */
import type { Command } from 'commander';
import type { Format } from '../fleet/formats/format.js';
import type { Observation } from '../fleet/observation.js';
import { OperatorError, PortalError } from '../errors.js';

interface ProbeOptions {
  readonly tokenFile?: string;
}

export function addFleetCommands(program: Command): void {
  program
    .command('fleet')
    .description('The fleet: services and instances that are watched (PORTAL_FLEET_FILE).')
    .command('probe')
    .argument('<url>', 'URL of a health document, such as https://10.0.0.1:8443/health')
    .option('--token-file <path>', 'file of a bearer token to send')
    .description('Ask an instance once, in every format, and print a stanza to paste into the fleet file.')
    .action(probe);
}

/** From the one that says most to the one that says least. */
const FORMATS: readonly Exclude<Format, object>[] = ['portal', 'health+json', 'actuator', 'status'];

async function probe(written: string, { tokenFile }: ProbeOptions): Promise<void> {
  const url = urlOf(written);
  // Only now: no other command needs them.
  const [{ readFleetFile }, { createNetworkSet }, { createCredentials }, client, { createResolver }] =
    await Promise.all([
      import('../fleet/file/fleet-file.js'),
      import('../fleet/networks.js'),
      import('../fleet/polling/credentials.js'),
      import('../fleet/polling/instance-client.js'),
      import('../fleet/polling/resolve.js'),
    ]);
  const credentials = tokenFile === undefined ? undefined : createCredentials(tokenFile);
  if (credentials?.header() === null) {
    throw new OperatorError(
      `Expected \`--token-file\` to be a file that holds a token, got ${String(tokenFile)}.`,
    );
  }
  for (const format of FORMATS) {
    const text = stanza(url, format, tokenFile);
    const [entry] = readFleetFile(`services:\n${text}`).services;
    if (!entry) throw new TypeError('The stanza holds no service.');
    const instance = client.createInstanceClient(
      url.origin,
      {
        polling: entry.polling,
        networks: createNetworkSet(entry.polling.networks),
        credentials,
        certificates: undefined,
        pinned: undefined,
      },
      createResolver(),
    );
    const observation = await instance.poll();
    instance.close();
    if (observation.kind === 'answered') {
      console.log(`# ${said(observation)}\n${text.trimEnd()}`);
      return;
    }
    if (observation.kind === 'void' || observation.code !== 'INSTANCE_NOT_HEALTH')
      throw await refusal(observation);
  }
  throw await refusal({ kind: 'failed', code: 'INSTANCE_NOT_HEALTH' });
}

function urlOf(written: string): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || `${url.username}${url.password}${url.hash}` !== '') {
    throw new PortalError(
      'badRequest',
      // What is written before an @ can hold a password.
      `Expected the URL to be one of http or https without a user name, a password and a #, got ${written.includes('@') ? 'one with an @' : `"${written}"`}.`,
    );
  }
  return url;
}

function stanza(url: URL, format: Format, tokenFile: string | undefined): string {
  const path = `${url.pathname}${url.search}`;
  const lines = [
    `- name: ${nameOf(url)}`,
    `  discover: { static: [${JSON.stringify(url.origin)}] }`,
    ...(url.protocol === 'http:' ? ['  scheme: http'] : []),
    ...(path === '/health' ? [] : [`  path: ${JSON.stringify(path)}`]),
    ...(format === 'portal' ? [] : [`  format: ${JSON.stringify(format)}`]),
    ...(tokenFile === undefined
      ? []
      : [`  authorization: { credentials_file: ${JSON.stringify(tokenFile)} }`]),
  ];
  return `${lines.map((line) => `  ${line}`).join('\n')}\n`;
}

/** The first label of the host, as far as it fits a name; an address names nothing. */
function nameOf({ hostname }: URL): string {
  const label = /^[a-z][a-z0-9-]{0,62}(?=\.|$)/.exec(hostname)?.[0];
  return label ?? 'service';
}

function said({
  reading: { health, codes, sourceHash },
}: Extract<Observation, { kind: 'answered' }>): string {
  const parts = [
    `says ${health}`,
    ...(codes.length > 0 ? [codes.join(', ')] : []),
    ...(sourceHash === null ? [] : [`source_hash ${sourceHash.slice(0, 12)}…`]),
  ];
  return parts.join('; ');
}

async function refusal(observation: Exclude<Observation, { kind: 'answered' }>): Promise<OperatorError> {
  if (observation.kind === 'void') return new OperatorError('This machine had no descriptor or port left.');
  const { INSTANCE_PROBLEMS } = await import('../fleet/fleet-problems.js');
  const { sentence, next } = INSTANCE_PROBLEMS[observation.code];
  return new OperatorError(`${sentence} (${observation.code}). ${next}`);
}
