/** `POST /v1/admin/maintenance`: a pause planned ahead, of a service or of all with a label. */
import { PortalError } from '../errors.js';
import { whileReachable } from '../infra/postgres.js';
import { covers, type PauseScope } from '../monitoring/pauses/pause.js';
import { actorOf, pauseSchema, publishedPause, readReason, readSpan } from './pause-schema.js';
import { defineRoute } from './route.js';
import { named, text } from './schema.js';
import type { ApiServices } from './services.js';

const newMaintenance = named('NewMaintenance', {
  type: 'object',
  description: 'A pause of one service, or of all with a label.',
  properties: {
    service: text('Name of the service; or `label`.'),
    label: text('`name:value`, as the fleet file has it; or `service`.'),
    from: text('From when on, ISO 8601; at most 90 days ahead, default now.'),
    until: text('Until when; at most seven days later.'),
    reason: text('Why, in at most 500 characters.'),
  },
  required: ['until', 'reason'],
  additionalProperties: false,
} as const);

export const planMaintenanceRoute = defineRoute({
  path: '/v1/admin/maintenance',
  method: 'POST',
  guard: { level: 'admin', allowFallback: false },
  cache: 'noStore',
  docs: {
    id: 'planMaintenance',
    tag: 'Fleet',
    summary: 'Plans a maintenance',
    description:
      'A pause with a begin, which healthy time leaves out. In the audit, and at Alertmanagers as a silence.',
  },
  body: {
    schema: newMaintenance,
    example: {
      label: 'database:pg-2',
      from: '2026-03-01T02:00:00Z',
      until: '2026-03-01T04:00:00Z',
      reason: 'PostgreSQL 18 on pg-2',
    },
  },
  answers: { 200: { description: 'It is planned.', schema: pauseSchema } },
  async handler({ request, body, services: { fleet, pauses } }) {
    const pause = {
      ...readScope(body, fleet),
      ...readSpan(body.from, body.until),
      isPlanned: true,
      reason: readReason(body.reason),
    };
    return publishedPause(await whileReachable(pauses.begin(pause, actorOf(request))));
  },
});

/** @throws PortalError (badRequest) where it is neither or both, or covers nothing */
function readScope(
  { service = null, label = null }: Partial<PauseScope>,
  fleet: ApiServices['fleet'],
): PauseScope {
  if ((service === null) === (label === null)) {
    throw new PortalError('badRequest', 'Expected either `service` or `label`.');
  }
  const scope = { service, label };
  if (!fleet.view().services.some((one) => covers(scope, one))) {
    const which =
      service === null
        ? `\`label\` to be one of a service, such as team:shop`
        : '`service` to be one of the fleet';
    throw new PortalError(
      'badRequest',
      `Expected ${which}, and not ${(service ?? label ?? '').slice(0, 100)}.`,
    );
  }
  return scope;
}
