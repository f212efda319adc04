/**
 * Whether anybody below an administrator reads a byte more, or another one, where reasons are on: every answer of a target is
 * compared with that of its twin, which has them off. What differs between any two processes is taken out of both.
 */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './targets/target.js';

/** Two processes find out the same thing at two moments. */
const WITHIN_MS = 12_000;
const EVERY_MS = 250;
const TIMEOUT_MS = 5_000;

interface Question {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Resolves with the first answer in which they still differ after a while; `undefined` if there is none. */
export async function untilAlike(target: Target, twin: Target): Promise<string | undefined> {
  const untilMs = performance.now() + WITHIN_MS;
  for (;;) {
    const difference = await differenceOf(target, twin);
    if (difference === undefined || performance.now() > untilMs) return difference;
    await sleep(EVERY_MS);
  }
}

async function differenceOf(target: Target, twin: Target): Promise<string | undefined> {
  const [own, other] = [questionsOf(target), questionsOf(twin)];
  for (const [index, question] of own.entries()) {
    const [one, two] = await Promise.all([ask(target, question), ask(twin, other[index] ?? question)]);
    if (one !== two) return `${question.path}: ${firstDifference(one, two)}`;
  }
  return undefined;
}

/** As nobody, as somebody unknown, and as a person of too low a permission where there are any. */
function questionsOf({ adminPath, reasonsPath, personCookie }: Target): readonly Question[] {
  const cookies = [undefined, `psession=${'B'.repeat(43)}`, personCookie];
  const formats = [{}, { Accept: 'application/health+json' }, { Accept: 'application/openmetrics-text' }];
  const plain = ['/livez?verbose', '/readyz?verbose', '/startupz?verbose', '/health/reasons', '/nowhere'];
  const paths = ['/health', '/metrics', adminPath, reasonsPath];
  const questions: Question[] = [];
  for (const cookie of cookies.filter((one, index) => index === 0 || one !== undefined)) {
    const login = cookie === undefined ? {} : { Cookie: cookie };
    for (const path of paths) {
      for (const format of formats) questions.push({ path, headers: { ...format, ...login } });
    }
    for (const path of plain) questions.push({ path, headers: login });
  }
  return questions;
}

function ask({ url }: Target, { path, headers }: Question): Promise<string> {
  return new Promise((resolve) => {
    const asking = request(`${url}${path}`, { headers, timeout: TIMEOUT_MS }, (answer) => {
      let body = '';
      answer.setEncoding('latin1').on('data', (text: string) => (body += text));
      answer.on('error', () => resolve('broken'));
      answer.on('end', () =>
        resolve(`${answer.statusCode}\n${headLines(answer.rawHeaders)}\n\n${withoutMoment(body)}`),
      );
    });
    asking.on('timeout', () => asking.destroy());
    asking.on('error', () => resolve('broken'));
    asking.end();
  });
}

/** Of the moment and of this one answer. */
const OF_THE_MOMENT = new Set([
  'date',
  'content-length',
  'x-correlation-id',
  'etag',
  'keep-alive',
  'connection',
]);

function headLines(raw: readonly string[]): string {
  const lines: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (!OF_THE_MOMENT.has(name.toLowerCase())) lines.push(`${name}: ${raw[index + 1]}`);
  }
  return lines.join('\n');
}

/** A state of the metrics, which is 0 or 1 and no count. */
const STATE = /^(portal_health_(?:status|up|problem)\S*) ([01])$/gm;

/** Times, ids and figures by their kind: what is left is every word, key, code, state and label. */
function withoutMoment(text: string): string {
  return text
    .replaceAll(STATE, (_line, name: string, value: string) => `${name} ${value === '1' ? 'yes' : 'no'}`)
    .replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, 'ID')
    .replaceAll(/[\da-f]{64}/g, 'HASH')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g, 'N');
}

function firstDifference(one: string, two: string): string {
  const [with_, without] = [one.split('\n'), two.split('\n')];
  const at = with_.findIndex((line, index) => line !== without[index]);
  const index = at === -1 ? with_.length : at;
  return `“${with_[index] ?? ''}” with reasons, “${without[index] ?? ''}” without`;
}
