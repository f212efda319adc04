/** Pauses in JSON, and what may be asked of one. */
import type { FastifyRequest } from 'fastify';
import { currentUser } from '../auth/current-user.js';
import { PortalError } from '../errors.js';
import { clientAddress } from '../infra/client-address.js';
import type { AuditedActor } from '../monitoring/actor.js';
import type { Pause } from '../monitoring/pauses/pause.js';
import { readTime } from './parameters.js';
import { dateTimeMs, exactly, integer, named, text, textOrNull, TIME, type FromSchema } from './schema.js';

export const pauseSchema = named(
  'Pause',
  exactly('A time in which nobody is told of new incidents.', {
    id: integer('What it is ended by.', { minimum: 1 }),
    service: textOrNull('Of which service; `null`: of all with the label.'),
    label: textOrNull('`name:value`; `null`: of the service.'),
    from: dateTimeMs('From when on.'),
    until: dateTimeMs('Until when.'),
    planned: { type: 'boolean', description: 'Whether it is maintenance, which healthy time leaves out.' },
    reason: text('Why, in words of whoever began it.'),
    author: text('Name of the user.'),
  }),
);

export const pausedServiceSchema = named(
  'PausedService',
  exactly('A service, and whether it is paused.', {
    service: text('Its name.'),
    paused_until: textOrNull('Until when; `null`: it is not paused.', TIME),
  }),
);

const DAY_MS = 24 * 3_600_000;
/** Longer than a week it would be forgotten. */
const LONGEST_DAYS = 7;
const FURTHEST_DAYS = 90;
const LONGEST_REASON = 500;
/** PostgreSQL takes no NUL, and terminals obey the others. */
const CONTROL = /(?![\n\r\t])\p{Cc}/u;

export function publishedPause({
  from,
  until,
  isPlanned: planned,
  ...pause
}: Pause): FromSchema<typeof pauseSchema> {
  return { ...pause, planned, from: new Date(from).toISOString(), until: new Date(until).toISOString() };
}

export function actorOf(request: FastifyRequest): AuditedActor {
  const { userName, tokenSuffix } = currentUser(request);
  return { name: userName, address: clientAddress(request.ip), tokenSuffix };
}

/** @throws PortalError (badRequest) naming what is wrong with it */
export function readReason(reason: string): string {
  return readLine('reason', reason, LONGEST_REASON);
}

/** @throws PortalError (badRequest) where it is empty, longer or no text for people, naming the rule */
export function readLine(name: string, value: string, longest: number): string {
  const line = value.trim();
  if (line === '' || line.length > longest) {
    throw new PortalError(
      'badRequest',
      `Expected \`${name}\` to have 1 to ${longest} characters, and not ${line.length}.`,
    );
  }
  if (CONTROL.test(line)) {
    throw new PortalError(
      'badRequest',
      `Expected \`${name}\` to have no control characters but line breaks and tabs.`,
    );
  }
  return line;
}

/** @throws PortalError (badRequest) where they are no times, or none that make a pause */
export function readSpan(
  from: string | undefined,
  until: string,
): { readonly from: number; readonly until: number } {
  const now = Date.now();
  const begin = from === undefined ? now : readTime('from', from);
  const end = readTime('until', until);
  const refuse = (name: string, rule: string, value: number): never => {
    throw new PortalError(
      'badRequest',
      `Expected \`${name}\` to be ${rule}, and not ${new Date(value).toISOString()}.`,
    );
  };
  if (end <= now) refuse('until', 'in the future', end);
  if (end <= begin) refuse('until', 'after `from`', end);
  if (end - begin > LONGEST_DAYS * DAY_MS)
    refuse('until', `at most ${LONGEST_DAYS} days after the begin`, end);
  if (begin - now > FURTHEST_DAYS * DAY_MS) refuse('from', `within ${FURTHEST_DAYS} days`, begin);
  return { from: begin, until: end };
}
