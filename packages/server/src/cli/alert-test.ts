import { Command } from 'commander';
import { configFromEnvironment, currentAlertSecret } from '../config/env.js';
import { errorCode } from 'portal-shared/error-code';
import { OperatorError } from '../errors.js';
import { WebhookError } from '../infra/webhook.js';
import { inColumns } from './columns.js';

/** `portal alert test` */
export function alertTestCommand(): Command {
  return new Command('test')
    .description('Send a test to everybody in PORTAL_ALERT_WEBHOOKS, and say what each answered.')
    .action(run);
}

async function run(): Promise<void> {
  const config = configFromEnvironment();
  const { alertWebhooks = [] } = config;
  if (alertWebhooks.length === 0) {
    throw new OperatorError(
      'Expected `PORTAL_ALERT_WEBHOOKS` to name somebody who gets alerts, got nothing.',
    );
  }
  // Only now: no other command needs what puts alerts into words.
  const [{ testAlert }, { bodyFor }, { createReceivers }] = await Promise.all([
    import('../monitoring/alerts/alerts.js'),
    import('../monitoring/alerts/message.js'),
    import('../monitoring/alerts/receivers.js'),
  ]);
  const alert = testAlert();
  const receivers = createReceivers(alertWebhooks, currentAlertSecret(config));
  const answers = await Promise.all(
    receivers.map(async ({ name, type: kind, webhook }) => {
      try {
        await webhook.send({ id: alert.incident, body: bodyFor(kind, alert) });
        return { name, answer: 'accepted', isAccepted: true };
      } catch (error) {
        return { name, answer: failureText(error), isAccepted: false };
      }
    }),
  );
  console.log(inColumns([['RECEIVER', 'ANSWER'], ...answers.map(({ name, answer }) => [name, answer])]));
  const refused = answers.filter(({ isAccepted }) => !isAccepted).length;
  if (refused > 0) throw new OperatorError(`${refused} of ${answers.length} did not accept the test.`);
}

/** Never where it went: the URL is a password. */
function failureText(error: unknown): string {
  const status = error instanceof WebhookError ? error.status : undefined;
  return `${errorCode(error)}${status === undefined ? '' : ` (${status})`}`;
}
