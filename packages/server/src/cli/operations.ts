/** `portal audit export` and `portal alert test` */
import { once } from 'node:events';
import { InvalidArgumentError, type Command } from 'commander';
import { configFromEnvironment, currentAlertSecret } from '../config/env.js';
import { OperatorError } from '../errors.js';
import { refusalText } from '../infra/webhook.js';
import { inColumns, withStores } from './command.js';

interface ExportOptions {
  readonly from?: Date;
  readonly to?: Date;
}

export function addOperationCommands(program: Command): void {
  program
    .command('audit')
    .description('Who came in, who was refused, and who changed what.')
    .command('export')
    .description('Write the audit to standard output, one JSON object a line, the oldest first.')
    .option(
      '--from <time>',
      'only what happened at this time or later, e.g. 2026-03-01 or 2026-03-01T12:00:00Z',
      timeArgument,
    )
    .option('--to <time>', 'only what happened before this time', timeArgument)
    .action(exportAudit);
  program
    .command('alert')
    .description('Alerts, to the receivers in PORTAL_ALERT_WEBHOOKS.')
    .command('test')
    .description('Send a test to every receiver in PORTAL_ALERT_WEBHOOKS, and print what each answered.')
    .action(sendTestAlert);
}

async function exportAudit({ from, to }: ExportOptions): Promise<void> {
  await withStores(async ({ audit }) => {
    const { publishedEntry } = await import('../api/admin-audit.js');
    let after: number | undefined;
    do {
      const entries = await audit.page({ from, to, after });
      const lines = entries.map((entry) => `${JSON.stringify(publishedEntry(entry))}\n`).join('');
      // A slow reader is waited for, so that no lines pile up in this process.
      if (!process.stdout.write(lines)) await once(process.stdout, 'drain').catch(() => undefined);
      // The reader has closed the pipe, as `head` does.
      if (process.stdout.errored) return;
      after = entries.at(-1)?.id;
    } while (after !== undefined);
  });
}

/** ISO 8601: a day, or a moment with its zone. */
function timeArgument(text: string): Date {
  const isWellFormed = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const time = new Date(text);
  // `Date` takes 30 February for 2 March.
  const day = new Date(text.slice(0, 10));
  const exists =
    isWellFormed && !Number.isNaN(time.getTime()) && day.toISOString().startsWith(text.slice(0, 10));
  if (!exists) {
    throw new InvalidArgumentError(
      'It must be a day, 2026-03-01, or a time with its zone, 2026-03-01T12:00:00Z.',
    );
  }
  return time;
}

async function sendTestAlert(): Promise<void> {
  const config = configFromEnvironment();
  const { alertWebhooks = [] } = config;
  if (alertWebhooks.length === 0) {
    throw new OperatorError(
      'Expected `PORTAL_ALERT_WEBHOOKS` to name somebody who gets alerts, got nothing.',
    );
  }
  // Only now: no other command needs them.
  const [{ testAlert }, { bodyFor }, { createReceivers }] = await Promise.all([
    import('../monitoring/alerts/describe-alert.js'),
    import('../monitoring/alerts/message.js'),
    import('../monitoring/alerts/receivers.js'),
  ]);
  const alert = testAlert();
  const receivers = createReceivers(alertWebhooks, currentAlertSecret(config));
  const answers = await Promise.all(
    receivers.map(async ({ name, type, webhook, routingKey }) => {
      try {
        await webhook.send({ id: alert.incident, body: bodyFor(type, alert, routingKey) });
        return { name, answer: 'accepted', isAccepted: true };
      } catch (error) {
        return { name, answer: refusalText(error), isAccepted: false };
      }
    }),
  );
  console.log(inColumns([['RECEIVER', 'ANSWER'], ...answers.map(({ name, answer }) => [name, answer])]));
  const rejected = answers.filter(({ isAccepted }) => !isAccepted).length;
  if (rejected > 0) throw new OperatorError(`${rejected} of ${answers.length} did not accept the test.`);
}
