/** `GET /v1/admin/alerts`: who is told of incidents, how it stands with each, and what was sent lately. */
import { RECEIVER_TYPES } from '../config/rules.js';
import type { ToldReceiver } from '../monitoring/alerts/alert-overview.js';
import type { LatestDelivery } from '../monitoring/alerts/outbox-store.js';
import { alertSchema, momentOrNull } from './incident-schema.js';
import { wholeNumberParameter } from './parameters.js';
import { defineRoute } from './route.js';
import {
  choice,
  exactly,
  INCIDENT_ID,
  listOf,
  MOMENT,
  named,
  text,
  textOrNull,
  integerOrNull,
  type FromSchema,
} from './schema.js';

const receiverSchema = named(
  'AlertReceiver',
  exactly('One that is told, and how it stands since the start of the service.', {
    receiver: text('Type and place in the setting; never a URL.'),
    type: choice([...RECEIVER_TYPES, 'alertmanager', 'heartbeat'], 'What it is.'),
    accepted_at: textOrNull('When it last accepted something; `null`: not yet.', MOMENT),
    failing_since: textOrNull(
      'Since when it accepts nothing; `null`: it does, or was not tried yet.',
      MOMENT,
    ),
    cause: textOrNull('Why, such as `ECONNREFUSED` or `WEBHOOK_REFUSED (500)`; `null`: it does not fail.'),
    waiting: integerOrNull(
      'Messages that wait for it; `null`: nothing ever does, or the file of them cannot be read.',
    ),
    waiting_since: textOrNull('Since when the oldest waits.', MOMENT),
  }),
);

const deliverySchema = named(
  'AlertDelivery',
  exactly('A message, and what became of it.', {
    ...alertSchema.properties,
    incident: textOrNull('What it is about; `null`: a test, or a change of the source.', INCIDENT_ID),
  }),
);

export const alertsSchema = named(
  'Alerts',
  exactly('Who is told, and what was sent.', {
    receivers: listOf(receiverSchema, 'In the order of the settings; empty: nobody is told of anything.'),
    deliveries: {
      type: ['array', 'null'],
      description:
        'The latest messages, the latest first; `null`: the file of them cannot be read. Alertmanagers are told of all that is open every 30 s, which is not listed.',
      items: deliverySchema,
    } as const,
  }),
);

const DEFAULT_DELIVERIES = 50;
const MOST_DELIVERIES = 200;
/** What has an incident of its own. */
const OF_INCIDENTS = new Set(['began', 'worsened', 'explained', 'ended']);

export const adminAlertsRoute = defineRoute({
  path: '/v1/admin/alerts',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminAlerts',
    tag: 'Incidents',
    summary: 'Who is told of incidents',
    description:
      'How it stands with each receiver, and the latest messages. From memory and a file of the service’s own.',
  },
  query: {
    limit: wholeNumberParameter(`How many messages; default ${DEFAULT_DELIVERIES}.`, {
      minimum: 1,
      maximum: MOST_DELIVERIES,
    }),
  },
  answers: {
    200: { description: 'As it is now; so also while the stores are down.', schema: alertsSchema },
  },
  async handler({ query: { limit = DEFAULT_DELIVERIES }, services: { alertOverview } }) {
    const [receivers, deliveries] = await Promise.all([
      alertOverview.receivers(),
      alertOverview.deliveries(limit),
    ]);
    return {
      receivers: receivers.map(publishedReceiver),
      deliveries: deliveries?.map(publishedDelivery) ?? null,
    };
  },
});

function publishedReceiver(told: ToldReceiver): FromSchema<typeof receiverSchema> {
  const { name: receiver, type, acceptedAt, failingSince, cause, waiting, waitingSince } = told;
  return {
    receiver,
    type,
    accepted_at: momentOrNull(acceptedAt),
    failing_since: momentOrNull(failingSince),
    cause,
    waiting,
    waiting_since: momentOrNull(waitingSince),
  };
}

function publishedDelivery({ at, incident, ...delivery }: LatestDelivery): FromSchema<typeof deliverySchema> {
  return {
    ...delivery,
    at: new Date(at).toISOString(),
    incident: OF_INCIDENTS.has(delivery.transition) ? incident : null,
  };
}
