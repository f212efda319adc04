/**
 * Real nginx and HAProxy, with the configuration that a test gives them: the blocks of the documentation, for one.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findInstalled, libraryEnvironment } from 'portal-dev-servers/debian-package';
import { withFreePort } from 'portal-dev-servers/free-port';
import { startServerProcess } from 'portal-dev-servers/server-process';
import { environmentWithPackages, fetchAptPackage } from './apt-package.js';
import { makeServerFolder } from './paths.js';
import { waitFor } from './wait.js';

export interface ReverseProxy {
  /** At 127.0.0.1. */
  readonly port: number;
  /** What it has written into its log. */
  logged(): Promise<string>;
  close(): Promise<void>;
}

export interface ReverseProxyOptions {
  /** Its blocks (nginx: within `http`; HAProxy: after `defaults`), listening at this port of 127.0.0.1. */
  readonly blocks: (port: number) => string;
}

/** A self-signed certificate and its key: the files of both, and of the two in one. */
export interface ProxyCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly both: string;
}

const START_TIMEOUT_MS = 20_000;

/** Starts nginx; it must be closed. */
export function startNginx({ blocks }: ReverseProxyOptions): Promise<ReverseProxy> {
  return start('nginx', blocks, (file, folder) => [
    '-p',
    folder,
    '-c',
    file,
    '-e',
    join(folder, 'error.log'),
  ]);
}

/** Starts HAProxy; it must be closed. */
export function startHaproxy({ blocks }: ReverseProxyOptions): Promise<ReverseProxy> {
  return start('haproxy', blocks, (file) => ['-db', '-f', file]);
}

export interface CertificateOptions {
  /** From now; default 2. Below 0 it has ended. */
  readonly days?: number;
}

/** Makes one for `name`, a host name or an IP address, in `folder`. */
export async function makeCertificate(
  folder: string,
  name: string,
  { days = 2 }: CertificateOptions = {},
): Promise<ProxyCertificate> {
  const path = (file: string): string => join(folder, file);
  const [certificate, key, both, request] = [
    path('certificate.pem'),
    path('key.pem'),
    path('both.pem'),
    path('request.pem'),
  ];
  const env = await environmentWithPackages('openssl');
  const run = (...args: readonly string[]) => promisify(execFile)('openssl', args, { env });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key];
  const alternative = `subjectAltName=${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`;
  await run('req', '-new', ...newKey, '-subj', `/CN=${name}`, '-addext', alternative, '-out', request);
  const signed = ['-signkey', key, '-days', String(days), '-copy_extensions', 'copy', '-out', certificate];
  await run('x509', '-req', '-in', request, ...signed);
  await writeFile(both, (await readFile(certificate, 'utf8')) + (await readFile(key, 'utf8')));
  return { certificate, key, both };
}

type Name = 'nginx' | 'haproxy';

async function start(
  name: Name,
  blocks: ReverseProxyOptions['blocks'],
  argumentsFor: (file: string, folder: string) => readonly string[],
): Promise<ReverseProxy> {
  const { program, env } = await findProgram(name);
  const folder = await makeServerFolder(name);
  try {
    await mkdir(join(folder, 'temporary'));
    const { port, server } = await withFreePort(
      async (candidate) => {
        const file = join(folder, `${name}-${candidate}.conf`);
        await writeFile(file, CONFIGURATIONS[name](blocks(candidate), folder));
        const started = await startServerProcess({
          command: [program, ...argumentsFor(file, folder)],
          // Of the test itself: it may be root, and the files are its own.
          identity: { prefix: [] },
          env,
          logFile: join(folder, `log-${candidate}`),
          orphanSignal: 'KILL',
          orphanFolder: folder,
        });
        await waitFor(`${name} to listen`, async () => started.hasEnded() || (await listens(candidate)), {
          timeoutMs: START_TIMEOUT_MS,
          everyMs: 50,
        });
        if (started.hasEnded()) throw new Error(`${name} did not start: ${await started.printed()}`);
        return { port: candidate, server: started };
      },
      (error) => error instanceof Error && /address already in use|cannot bind/i.test(error.message),
    );
    return {
      port,
      logged: () => server.printed(),
      async close() {
        await server.stop('SIGTERM', 5_000);
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Installed, fetched before, or fetched now. */
async function findProgram(
  name: Name,
): Promise<{ readonly program: string; readonly env: Readonly<Record<string, string>> }> {
  const installed = await findInstalled(name);
  if (installed !== undefined) return { program: installed, env: {} };
  const place = await fetchAptPackage({ name, withDependencies: true });
  return { program: join(place, 'usr', 'sbin', name), env: await libraryEnvironment(place) };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** What a machine's own configuration says around the blocks. */
const CONFIGURATIONS: Readonly<Record<Name, (blocks: string, folder: string) => string>> = {
  nginx: (blocks, folder) => `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/temporary/body;
  proxy_temp_path ${folder}/temporary/proxy;
  fastcgi_temp_path ${folder}/temporary/fastcgi;
  uwsgi_temp_path ${folder}/temporary/uwsgi;
  scgi_temp_path ${folder}/temporary/scgi;
${blocks}
}
`,
  haproxy: (blocks) => `
global
  log stderr format raw local0 notice
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
${blocks}
`,
};
