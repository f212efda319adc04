/** `POST /v1/admin/alerts/test`: a test to everybody who is told of incidents. */
import { whileReachable } from '../infra/postgres.js';
import { TEST_STATES } from '../monitoring/alerts/alert-test.js';
import { actorOf } from './pause-schema.js';
import { defineRoute } from './route.js';
import { choice, exactly, listOf, named, text } from './schema.js';

export const alertTestSchema = named(
  'AlertTest',
  exactly('A test that was sent.', {
    receivers: listOf(
      exactly('One that is told of it.', {
        receiver: text('Type and place in the setting.'),
        state: choice(
          TEST_STATES,
          'A message waits in the outbox, and is listed there; an Alertmanager has answered already.',
        ),
      }),
      'In the order of the settings.',
    ),
  }),
);

export const testAlertsRoute = defineRoute({
  path: '/v1/admin/alerts/test',
  method: 'POST',
  guard: { level: 'admin', allowFallback: false },
  cache: 'noStore',
  docs: {
    id: 'testAlerts',
    tag: 'Incidents',
    summary: 'Sends a test of alerts',
    description:
      'To every receiver, by the way that alerts go, no body. In the audit. At Alertmanagers it is `PortalTest`, a warning, ' +
      'which ends after two minutes; at PagerDuty an incident that somebody has to resolve.',
  },
  answers: { 200: { description: 'It is on its way.', schema: alertTestSchema } },
  async handler({ request, services: { sendAlertTest } }) {
    const tested = await whileReachable(sendAlertTest(actorOf(request)));
    return { receivers: tested.map(({ name: receiver, state }) => ({ receiver, state })) };
  },
});
