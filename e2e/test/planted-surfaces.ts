/**
 * Everything that anybody can read of a service, of a library, and of the doctor; and that no secret stands in it.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runDoctor } from './doctor-process.js';

/** Of an answer that does not end. */
const LISTEN_MS = 1_500;

export interface Surface {
  readonly where: string;
  readonly text: string;
  /** Whether the name of a role may stand in it. */
  readonly isOfReasons: boolean;
}

/** Whose answers are read. */
export interface Readable {
  readonly serviceUrl: string;
  readonly libraryUrl: string;
  /** `Cookie` of an administrator of the service; that of the library is `admin=yes`. */
  readonly admin: string;
  /** Of a machine. */
  readonly token: string;
}

/** Every answer to everybody, at this moment. */
export async function answersOf({
  serviceUrl,
  libraryUrl,
  admin,
  token,
}: Readable): Promise<readonly Surface[]> {
  const viewers: readonly (readonly [name: string, headers: Record<string, string>, isAdmin: boolean])[] = [
    ['nobody', {}, false],
    ['a stranger', { Cookie: `psession=${'B'.repeat(43)}` }, false],
    ['an administrator', { Cookie: admin }, true],
    ['a machine', { Authorization: `Bearer ${token}` }, true],
    ['nobody', { Accept: 'application/health+json' }, false],
    ['an administrator', { Cookie: admin, Accept: 'application/health+json' }, true],
  ];
  const paths = await pathsOf(serviceUrl);
  const ofService = viewers.flatMap(([name, headers, isAdmin]) =>
    paths.map(async (path) => ({
      where: `${path} of the service to ${name}`,
      text: await read(`${serviceUrl}${path}`, headers),
      isOfReasons: isAdmin && path.startsWith('/v1/admin/'),
    })),
  );
  const ofLibrary = [{}, { Cookie: 'admin=yes' }].flatMap((headers) =>
    ['/health', '/health/reasons', '/metrics', '/readyz?verbose'].map(async (path) => ({
      where: `${path} of the library ${JSON.stringify(headers)}`,
      text: await read(`${libraryUrl}${path}`, headers),
      isOfReasons: 'Cookie' in headers && path === '/health/reasons',
    })),
  );
  return Promise.all([...ofService, ...ofLibrary]);
}

/** The path of every answer that is neither a document of the API nor asks for a name. */
async function pathsOf(serviceUrl: string): Promise<readonly string[]> {
  const { paths } = (await (await fetch(`${serviceUrl}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const named = Object.keys(paths).filter((path) => 'get' in (paths[path] ?? {}) && !path.includes('{'));
  assert.ok(named.length > 15 && named.includes('/v1/admin/live'), named.join());
  return [...named, '/readyz?verbose', '/livez?verbose', '/startupz?verbose', '/none'];
}

/** Status, headers and body, of a stream what came within a while; empty without an answer within that. */
export async function read(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  let text = '';
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(LISTEN_MS) });
    text = `${answer.status} ${JSON.stringify([...answer.headers])}\n`;
    for await (const chunk of answer.body ?? []) text += Buffer.from(chunk as Uint8Array).toString('latin1');
  } catch (error) {
    // A stream is read for a while.
    assert.equal((error as Error).name, 'TimeoutError');
  }
  return text;
}

/** What the doctor prints of these stores, in both of its forms. */
export async function doctor(urls: Readonly<Record<string, string>>): Promise<readonly string[]> {
  // What it prints is looked at here, not how soon.
  const limitMs = 60_000;
  const printed = await Promise.all(
    [[], ['--json']].map((args) => runDoctor(tmpdir(), urls, { args, limitMs })),
  );
  return printed.map(({ text }) => text);
}

/** What is on the disk but for the URLs of the stores, which other commands on this machine need and only its user can read. */
export async function filesIn(folder: string): Promise<readonly Surface[]> {
  const names = await readdir(folder, { recursive: true });
  assert.ok(names.includes('history.sqlite'), names.join());
  const kept = names.filter((name) => name !== 'service.json');
  return Promise.all(
    kept.map(async (name) => ({
      where: `the file ${name}`,
      text: await readFile(join(folder, name), 'latin1'),
      isOfReasons: true,
    })),
  );
}

export function assertClean(found: readonly Surface[]): void {
  for (const { where, text, isOfReasons } of found) {
    const pattern = isOfReasons ? /zqvxkwjz|127\.83\.|83\.61/i : /zqvxkwjz|127\.83\.|83\.61|hqnjbtwk/i;
    const hit = pattern.exec(text);
    assert.equal(
      hit,
      null,
      `${where}: ${text.slice(Math.max(0, (hit?.index ?? 0) - 200), (hit?.index ?? 0) + 200)}`,
    );
  }
}
