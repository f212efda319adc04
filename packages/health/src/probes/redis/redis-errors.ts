/**
 * From what a driver of Redis reports to codes of the catalogue. A server's answer begins with a word of its own (`WRONGPASS …`), which
 * the drivers hand on in the message.
 */
import type { ProblemCode } from '../../problems.js';
import type { Cause } from '../../types.js';
import {
  causeOf,
  driverCode,
  isCertificate,
  isRefusedCertificate,
  isTimeout,
  isUnreachable,
  messageOf,
} from '../../unknown.js';
import { evidenceIn, ownProblem } from '../own-problems.js';
import { AnswerTooLongError } from '../probe-socket.js';

/** First words of an answer. */
const BY_WORD: Readonly<Record<string, ProblemCode>> = {
  NOAUTH: 'CACHE_REFUSED_LOGIN',
  WRONGPASS: 'CACHE_REFUSED_LOGIN',
  // Protected mode: no password is set and we come from elsewhere.
  DENIED: 'CACHE_REFUSED_LOGIN',
  LOADING: 'CACHE_LOADING',
  // A script or a function that does not end.
  BUSY: 'CACHE_TIMEOUT',
  CLUSTERDOWN: 'CACHE_CLUSTER_DOWN',
};

/** What comes as a plain `ERR`, and the drivers' own words, which have no code. */
const BY_MESSAGE: readonly (readonly [RegExp, ProblemCode])[] = [
  [/max number of clients( \+ cluster connections)? reached/i, 'CACHE_TOO_MANY_CONNECTIONS'],
  [
    /without any password configured|no password is set|invalid password|invalid username/i,
    'CACHE_REFUSED_LOGIN',
  ],
  [
    /^connection is closed|^socket closed|^all sentinels are unreachable|stream isn't writeable/i,
    'CACHE_UNREACHABLE',
  ],
  [/^connection timeout/i, 'CACHE_TIMEOUT'],
];

/** The catalogue's code for what a driver threw. */
export function redisProblem(thrown: unknown): ProblemCode {
  const own = ownProblem(thrown);
  if (own !== undefined) return own;
  const error = evidenceIn(thrown);
  const byWord = BY_WORD[wordOf(error) ?? ''];
  if (byWord !== undefined) return byWord;
  if (isUnreachable(error)) return 'CACHE_UNREACHABLE';
  if (isTimeout(error)) return 'CACHE_TIMEOUT';
  if (isCertificate(error)) return 'CACHE_CERTIFICATE';
  if (isRefusedCertificate(error)) return 'CACHE_REFUSED_LOGIN';
  const message = messageOf(error);
  return BY_MESSAGE.find(([words]) => words.test(message))?.[1] ?? 'CACHE_FAILED';
}

/** The cause, with the first word of a server's answer for a code. */
export function redisCause(error: unknown): Cause {
  const cause = causeOf(error);
  const word = driverCode(error) === undefined ? wordOf(error) : undefined;
  return word === undefined ? cause : { ...cause, code: word };
}

/** True of an answer that says no more than that this very question is not answered; another may be. */
export function isErrorReply(error: unknown): boolean {
  return redisProblem(error) === 'CACHE_FAILED' && !(error instanceof AnswerTooLongError);
}

/** True when the user may not do what was asked, which the server says only after the login. */
export function isForbidden(error: unknown): boolean {
  return wordOf(error) === 'NOPERM';
}

function wordOf(error: unknown): string | undefined {
  return /^-?([A-Z]{3,32})(?= )/.exec(messageOf(error))?.[1];
}
