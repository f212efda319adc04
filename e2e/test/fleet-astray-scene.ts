/**
 * Everything that might lead the watcher where it may not ask: lists, names, records and redirects. Prints what arrived where,
 * and what each instance is told by.
 */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { startNameServer, waitFor, type NameAnswer } from 'portal-test-kit';
import { startFarHost, startWatcher, type FleetDocument, type ServiceDocument } from './far-watcher.js';
import { FORBIDDEN_V4, FORBIDDEN_V6 } from './far-network.js';

export interface AstrayResult {
  /** Forbidden addresses that do count who comes. */
  readonly control: readonly string[];
  /** Where the watcher came and should not have. */
  readonly astray: readonly string[];
  /** Of the service, the instance, and its codes. */
  readonly told: readonly string[];
  readonly discovery: Readonly<Record<string, readonly string[]>>;
  /** By address: what was sent to the port that wants a token. */
  readonly tokens: readonly string[];
  /** That the name was looked up, and where it led. */
  readonly rebound: { readonly questions: number; readonly arrived: boolean };
}

const LISTED = [
  ...FORBIDDEN_V4.map((address) => `${address}:8080`),
  ...FORBIDDEN_V6.map((address) => `[${address}]:8080`),
  '[::ffff:169.254.169.254]:8080',
  '[fe80::1]:8080',
  // 169.254.169.254, as a decimal, hexadecimal and octal number.
  '2852039166:8080',
  '0xa9fea9fe:8080',
  '0251.0376.0251.0376:8080',
  '0.0.0.0:8080',
  '0:8080',
  '[::]:8080',
  '127.0.0.1:8080',
  '127.1:8080',
  '2130706433:8080',
  '[::1]:8080',
  '[::ffff:127.0.0.1]:8080',
  'localhost:8080',
  '224.0.0.1:8080',
  '255.255.255.255:8080',
];
const NAMES: Readonly<Record<string, NameAnswer>> = {
  'metadata.example': { v4: ['169.254.169.254'] },
  'mixed.example': { v4: ['10.77.0.2', '169.254.169.254'] },
  'families.example': { v4: ['10.77.0.2'], v6: ['fd00:ec2:0:0:0:0:0:254'] },
  'mapped.example': { v6: ['0:0:0:0:0:ffff:a9fe:a9fe'] },
  'loopback.example': { v4: ['127.0.0.1'] },
  'nothing.example': { v4: ['0.0.0.0'] },
  '_health._tcp.srv.example': {
    srv: [
      { labels: ['metadata', 'example'], port: 8080 },
      { labels: ['loopback', 'example'], port: 8080 },
      { labels: ['2852039166'], port: 8080 },
    ],
  },
};
const NAMED = [...Object.keys(NAMES).filter((name) => !name.startsWith('_')), 'metadata.example.'].map(
  (name) => `${name}:8080`,
);
const BY_SRV = ['metadata.example:8080', 'loopback.example:8080', '2852039166:8080'];
const REDIRECTING = [9301, 9302, 9303, 9307, 9308].map((port) => `10.77.0.2:${port}`);

const folder = process.argv[2] ?? '';
const far = await startFarHost();
let looks = 0;
const names = await startNameServer({
  port: 53,
  answer(name) {
    if (name !== 'rebinding.example') return NAMES[name] ?? { code: 3 };
    looks += 1;
    // The first look-up has two questions.
    return { v4: [looks <= 2 ? '10.77.0.2' : '169.254.169.254'] };
  },
});

/** On the loopback of the watcher itself. */
let atLoopback = 0;
const loopback = createServer((_, response) => response.end('{"status":"healthy"}'));
loopback.on('connection', () => {
  atLoopback += 1;
});
await new Promise<void>((resolve) => loopback.listen(8080, '::', resolve));
const lists = createServer((_, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify([{ targets: LISTED }]));
});
await new Promise<void>((resolve) => lists.listen(7000, '127.0.0.1', resolve));

const addresses = [...FORBIDDEN_V4, ...FORBIDDEN_V6.map((address) => `[${address}]`)];
await Promise.all(addresses.map((address) => fetch(`http://${address}:8080/control`)));
const control = far.arrivals.flatMap(({ path, address }) => (path === '/control' ? address : []));
const before = far.arrivals.length;

async function list(name: string, targets: readonly string[]): Promise<string> {
  const path = join(folder, `${name}.json`);
  await writeFile(path, JSON.stringify([{ targets }]));
  return `file_sd: [${path}]`;
}
const token = join(folder, 'token');
await writeFile(token, 'the-token-of-a-service');
const watcher = await startWatcher(
  folder,
  `
defaults: { scheme: http, interval: 2s, timeout: 2s, failure_threshold: 1 }
services:
  - { name: listed, discover: { http_sd: 'http://127.0.0.1:7000/targets' } }
  - { name: named, discover: { ${await list('named', NAMED)} } }
  - { name: srv, discover: { srv: _health._tcp.srv.example } }
  - { name: redirecting, discover: { ${await list('redirecting', REDIRECTING)} } }
  - { name: rebinding, discover: { static: ['http://rebinding.example:8080'] } }
  - name: tokens
    discover: { ${await list('tokens', ['10.77.0.2:8401', '10.78.0.2:8401'])} }
    authorization: { credentials_file: ${token} }
    networks: [10.77.0.0/24]
  - { name: moved-list, discover: { http_sd: 'http://10.77.0.2:9302/targets' } }
  - { name: metadata-list, discover: { http_sd: 'http://metadata.example:8080/targets' } }
`,
  Object.fromEntries(
    ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY'].map((name) => [
      name,
      'http://10.77.0.2:3128',
    ]),
  ),
);

async function told(): Promise<readonly string[]> {
  const services = ['listed', 'named', 'srv', 'redirecting', 'rebinding', 'tokens'];
  const details = await Promise.all(
    services.map((name) => watcher.get<ServiceDocument>(`/services/${name}?limit=1000`)),
  );
  return details.flatMap(({ instances }, index) =>
    instances.map(({ instance, state, codes }) =>
      `${services[index]} ${instance} ${state} ${codes.join()}`.trim(),
    ),
  );
}

async function discovery(): Promise<AstrayResult['discovery']> {
  const { services } = await watcher.get<FleetDocument>('');
  const of = (name: string) => services.find((one) => one.name === name)?.codes ?? [];
  return { 'moved-list': of('moved-list'), 'metadata-list': of('metadata-list') };
}

await waitFor(
  'all to be judged',
  async () => {
    const all = await told();
    const count = LISTED.length + NAMED.length + BY_SRV.length + REDIRECTING.length + 3;
    const failed = Object.values(await discovery()).every((codes) => codes.length > 0);
    return failed && all.length === count && !all.some((one) => one.endsWith(' new'));
  },
  { timeoutMs: 120_000, everyMs: 500 },
);
// Each is asked at least twice more.
await new Promise((resolve) => setTimeout(resolve, 6_000));

const arrivals = far.arrivals.slice(before);
const mayCome = (address: string, port: number): boolean =>
  ['10.77.0.2', '10.78.0.2'].includes(address) && port !== 3128;
const result: AstrayResult = {
  control,
  astray: [
    ...arrivals
      .filter(({ address, port }) => !mayCome(address, port))
      .map(({ address, port }) => `${address} ${port}`),
    ...Array.from({ length: atLoopback }, () => 'loopback'),
  ],
  told: await told(),
  discovery: await discovery(),
  tokens: [
    ...new Set(
      arrivals
        .filter(({ port, path }) => port === 8401 && path !== null)
        .map((one) => `${one.address} ${one.authorization}`),
    ),
  ],
  rebound: {
    questions: names.asked.filter((name) => name === 'rebinding.example').length,
    arrived: arrivals.some(({ port, path }) => port === 8080 && path === '/health'),
  },
};
process.stdout.write(JSON.stringify(result));
await watcher.close();
await far.close();
names.close();
process.exit();
