/**
 * A scene in a network of its own: `near`, where it runs, and `far`, a namespace at the other end of a cable, whose host has
 * the addresses of other networks and of clouds, too. Nothing leaves it. Root is needed.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const LIMIT_MS = 300_000;

/** Of the far host, besides those that a scene may ask. */
export const FORBIDDEN_V4 = [
  '169.254.169.254',
  '169.254.1.1',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
];
export const FORBIDDEN_V6 = ['fd00:ec2::254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1'];

const SETUP = [
  'mount -t tmpfs none /run',
  'mount --bind "$0/resolv.conf" /etc/resolv.conf',
  'ip link set lo up',
  'ip netns add far',
  'ip link add near type veth peer name far netns far',
  'ip addr add 10.77.0.1/24 dev near',
  'ip -6 addr add fd77::1/64 dev near nodad',
  'ip link set near up',
  'ip -n far link set lo up',
  'ip -n far addr add 10.77.0.2/24 dev far',
  'ip -n far -6 addr add fd77::2/64 dev far nodad',
  'ip -n far addr add 10.78.0.2/32 dev lo',
  'ip -n far link set far up',
  'ip route add 10.78.0.2 via 10.77.0.2',
  ...FORBIDDEN_V4.flatMap((address) => [
    `ip -n far addr add ${address}/32 dev lo`,
    `ip route add ${address} via 10.77.0.2`,
  ]),
  ...FORBIDDEN_V6.flatMap((address) => [
    `ip -n far -6 addr add ${address}/128 dev lo nodad`,
    `ip -6 route add ${address} via fd77::2`,
  ]),
  'exec "$1" "$2" "$0"',
];

/**
 * Runs a script of this folder there, with the path of a folder of its own.
 *
 * @returns what it printed, as JSON
 */
export async function runScene<Result>(name: string): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'portal-scene-'));
  const script = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  try {
    await writeFile(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n');
    const { stdout } = await promisify(execFile)(
      'unshare',
      [
        '--net',
        '--mount',
        '--pid',
        '--mount-proc',
        '--fork',
        '--kill-child',
        'sh',
        '-ec',
        SETUP.join('\n'),
        folder,
        process.execPath,
        script,
      ],
      { timeout: LIMIT_MS, maxBuffer: 16 * 1_024 * 1_024 },
    );
    return JSON.parse(stdout) as Result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
