/**
 * Questions to a running service, over HTTP.
 */
import { readFileSync } from 'node:fs';
import { parseObject, type JsonObject } from '../json.js';
import { systemCode } from '../error-code.js';
import { InconclusiveError, UsageError, type OptionHelp } from './command.js';
import { readCount } from './arguments.js';

export const SERVICE_OPTIONS = {
  'cookie-file': { type: 'string' },
  'timeout-ms': { type: 'string', default: '5000' },
} as const;

export const SERVICE_HELP: readonly OptionHelp[] = [
  [
    '--cookie-file FILE',
    'holds an administrator’s session, psession=… or its value; default the variable PSESSION',
  ],
  ['--timeout-ms N', 'give up after this long; default 5000'],
];

export interface ServiceValues {
  readonly 'cookie-file'?: string | undefined;
  readonly 'timeout-ms': string;
}

export interface ServiceResponse {
  readonly status: number;
  readonly document: JsonObject | undefined;
}

/** Larger than any answer of ours; a mistaken URL can lead anywhere. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** Asks once. A redirect is an answer and not followed: the cookie is for this service only. */
export async function requestDocument(
  url: URL,
  timeoutMs: number,
  cookie?: string,
): Promise<ServiceResponse> {
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { Accept: 'application/json', ...(cookie === undefined ? {} : { Cookie: cookie }) },
    });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      const bytes: Uint8Array = chunk;
      size += bytes.length;
      if (size > MAX_RESPONSE_BYTES) throw new InconclusiveError(`${url.href} answers without end.`);
      chunks.push(bytes);
    }
    return { status: response.status, document: parseObject(Buffer.concat(chunks).toString()) };
  } catch (error) {
    if (error instanceof InconclusiveError) throw error;
    throw new InconclusiveError(`${url.href} cannot be reached (${reasonOf(error)}).`);
  }
}

/** Asks for an administrator's document. */
export async function requestAsAdmin(base: string, path: string, values: ServiceValues): Promise<JsonObject> {
  const url = new URL(path, parseUrl(base));
  const { status, document } = await requestDocument(
    url,
    readTimeout(values),
    readCookie(values['cookie-file']),
  );
  if (status === 401 || status === 403) {
    throw new InconclusiveError(`${url.href} answers ${status}: it needs an administrator’s session.`);
  }
  if (status !== 200 || !document) throw new InconclusiveError(`${url.href} answers ${status}.`);
  return document;
}

export function parseUrl(text: string): URL {
  if (!isUrl(text) || !URL.canParse(text)) {
    throw new UsageError(`Expected an http:// or https:// URL, got ${JSON.stringify(text)}.`);
  }
  return new URL(text);
}

export function readTimeout(values: ServiceValues): number {
  return readCount('timeout-ms', values['timeout-ms']);
}

/** Never from the command line itself, which everybody on the machine can read. */
function readCookie(file: string | undefined): string | undefined {
  let session = process.env['PSESSION'];
  if (file !== undefined) {
    try {
      session = readFileSync(file, 'utf8');
    } catch (error) {
      throw new InconclusiveError(`${file} cannot be read (${systemCode(error)}).`);
    }
  }
  const value = session?.trim();
  if (value === undefined || value === '') return undefined;
  return value.startsWith('psession=') ? value : `psession=${value}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  return systemCode(error.cause) || systemCode(error) || error.name;
}
