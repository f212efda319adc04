/** `portal status export` */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { errorCode } from 'portal-shared/error-code';
import type { PublicServicesDocument } from '../api/public-services-schema.js';
import { OperatorError, PortalError } from '../errors.js';

interface ExportOptions {
  readonly url?: string;
  readonly every?: string;
  readonly title: string;
  readonly site?: string;
}

const TIMEOUT_MS = 10_000;
const LEAST_EVERY_S = 10;
const LONGEST_EVERY_S = 86_400;
const MOST_BYTES = 64 * 1024 * 1024;

export function addStatusCommands(program: Command): void {
  program
    .command('status')
    .description('The status page for everybody: the services with `public` in the fleet file.')
    .command('export')
    .argument('<dir>', 'folder for the files; made if it does not exist')
    .option('--url <url>', 'of the running service; default: HOST and PORT of the settings')
    .option(
      '--every <seconds>',
      `write again and again, ${LEAST_EVERY_S} to ${LONGEST_EVERY_S} seconds apart`,
    )
    .option('--title <text>', 'heading of the page', 'Status')
    .option('--site <url>', 'where the files will be served, for the links of the feed')
    .description(
      'Write the status page as plain files for any web server or CDN, so that it stands while we do not.',
    )
    .action(exportStatus);
}

async function exportStatus(dir: string, { url, every, title, site }: ExportOptions): Promise<void> {
  const everyMs = every === undefined ? null : secondsOf(every) * 1_000;
  const from = new URL('v1/status/services', url === undefined ? await ownUrl() : baseOf('--url', url));
  const page = { title, site: site === undefined ? null : baseOf('--site', site).href };
  const { statusPages } = await import('./status-export/status-pages.js');
  let known: PublicServicesDocument | undefined;
  let silentSince: number | null = null;

  async function write(document: PublicServicesDocument): Promise<void> {
    await mkdir(dir, { recursive: true });
    for (const { name, text } of statusPages(document, { ...page, silentSince, nowMs: Date.now() })) {
      await replaceFile(join(dir, name), text);
    }
  }

  for (;;) {
    try {
      known = await read(from);
      silentSince = null;
    } catch (error) {
      if (everyMs === null) throw error;
      // The page goes on to stand, and says that it does not know.
      silentSince ??= Date.now();
      console.error(error instanceof Error ? error.message : String(error));
    }
    if (known) {
      await write(known).catch((error: unknown) => {
        const failed = new OperatorError(`The files cannot be written into ${dir} (${errorCode(error)}).`);
        if (everyMs === null) throw failed;
        console.error(failed.message);
      });
    }
    if (everyMs === null) {
      console.log(`${known?.services.length ?? 0} public services written into ${dir}`);
      return;
    }
    await sleep(everyMs);
  }
}

/** Whoever reads it meanwhile has the old one or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.${process.pid}.new`;
  try {
    await writeFile(next, text);
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}

/** @throws OperatorError saying why there is nothing */
async function read(url: URL): Promise<PublicServicesDocument> {
  const refuse = (why: string): OperatorError =>
    new OperatorError(`The service at ${url.origin} ${why}; --url says where it is.`);
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    () => {
      throw refuse('does not answer');
    },
  );
  if (response.status !== 200) throw refuse(`answers with ${response.status}`);
  const text = await response.text().catch(() => {
    throw refuse('does not answer in time');
  });
  const document = text.length <= MOST_BYTES ? parsed(text) : undefined;
  if (!isPublicServices(document))
    throw refuse('answers with something else than the status of its services');
  return document;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isPublicServices(document: unknown): document is PublicServicesDocument {
  return (
    typeof document === 'object' &&
    document !== null &&
    'services' in document &&
    Array.isArray(document.services) &&
    'updated_at' in document
  );
}

async function ownUrl(): Promise<URL> {
  const [{ configFromEnvironment }, { readServiceFile }, { urlOf }] = await Promise.all([
    import('../config/env.js'),
    import('../infra/service-file.js'),
    import('../urls.js'),
  ]);
  const { dataDir, host, port } = configFromEnvironment();
  return baseOf('HOST and PORT', readServiceFile(resolve(dataDir))?.url ?? urlOf(host, port));
}

/** With a slash at its end, so that what follows is below it. */
function baseOf(option: string, written: string): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (
    !url ||
    !/^https?:$/.test(url.protocol) ||
    `${url.username}${url.password}${url.search}${url.hash}` !== ''
  ) {
    throw new PortalError(
      'badRequest',
      // What is written before an @ can hold a password.
      `Expected \`${option}\` to be a URL of http or https without a user name, a password, a ? and a #, got ${written.includes('@') ? 'one with an @' : `"${written}"`}.`,
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function secondsOf(written: string): number {
  const seconds = /^\d{1,6}$/.test(written) ? Number(written) : Number.NaN;
  if (!(seconds >= LEAST_EVERY_S && seconds <= LONGEST_EVERY_S)) {
    throw new PortalError(
      'badRequest',
      `Expected \`--every\` to be a whole number of seconds from ${LEAST_EVERY_S} to ${LONGEST_EVERY_S}, got "${written}".`,
    );
  }
  return seconds;
}
