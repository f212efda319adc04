/**
 * A real browser: the machine's Chromium, fetched by `apt-get` where it is missing and this may be done.
 */
import { execFile } from 'node:child_process';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, type BrowserContext } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';
const INSTALL_MS = 240_000;

/** Nothing of it talks to anybody but the page. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser that nobody has used before. */
export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** Starts one; it must be closed. */
export async function startChromium(): Promise<Browser> {
  await makeSureOfChromium();
  const folder = await mkdtemp(join(tmpdir(), 'portal-chromium-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: PROGRAM,
    headless: true,
    args: ARGUMENTS,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    colorScheme: 'light',
    viewport: { width: 1280, height: 900 },
  });
  return {
    context,
    async close() {
      await context.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function makeSureOfChromium(): Promise<void> {
  if (await isThere()) return;
  if (process.getuid?.() === 0) {
    const install = 'apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium';
    await promisify(execFile)('/bin/sh', ['-c', install], {
      timeout: INSTALL_MS,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).catch(() => undefined);
  }
  if (await isThere()) return;
  throw new Error(
    `The tests of the page need Chromium at ${PROGRAM}; on Debian and Ubuntu: sudo apt-get install chromium`,
  );
}

function isThere(): Promise<boolean> {
  return access(PROGRAM).then(
    () => true,
    () => false,
  );
}
