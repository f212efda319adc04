/**
 * A real browser with a new profile.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { findChromium } from 'portal-test-kit';

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

/** A running Chromium. */
export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/** What is different for it than for anybody. */
export interface ChromiumOptions {
  /** Addresses of names that it is to know. */
  readonly names?: Readonly<Record<string, string>>;
  /** Accepts certificates of unknown authorities. */
  readonly ignoreCertificates?: boolean;
  /** Language and zone of its reader. */
  readonly locale?: string;
  readonly timezoneId?: string;
  /** Default: yes. */
  readonly hasScripts?: boolean;
}

/** Starts one; it must be closed. */
export async function startChromium({
  names = {},
  ignoreCertificates = false,
  locale = 'en-GB',
  timezoneId = 'Europe/Berlin',
  hasScripts = true,
}: ChromiumOptions = {}): Promise<Browser> {
  const { file, env } = await findChromium();
  const rules = Object.entries(names)
    .map(([name, address]) => `MAP ${name} ${address}`)
    .join(', ');
  const folder = await mkdtemp(join(tmpdir(), 'portal-chromium-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: file,
    env: { ...process.env, ...env },
    headless: true,
    // The option of the context does not reach what a service worker fetches.
    args: [
      ...ARGUMENTS,
      `--host-resolver-rules=${rules}`,
      ...(ignoreCertificates ? ['--ignore-certificate-errors'] : []),
    ],
    ignoreHTTPSErrors: ignoreCertificates,
    locale,
    timezoneId,
    javaScriptEnabled: hasScripts,
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
