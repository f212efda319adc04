/** A test of alerts that somebody asks for: to everybody who is told, by the way that alerts go, and in the audit first. */
import { errorCode } from 'portal-shared/error-code';
import { PortalError } from '../../errors.js';
import type { AuditedActor } from '../actor.js';
import { createAlertmanagerClient, alertmanagerName } from './alertmanager-client.js';
import { alertmanagerTest } from './alertmanager-alert.js';
import type { Alerts } from './alerts.js';
import type { NotificationResult } from './notification-counts.js';

/** What runs a statement. */
interface Queryable {
  rows<Row extends object>(text: string, values: readonly unknown[], deadlineMs: number): Promise<Row[]>;
}

export const TEST_STATES = ['waiting', 'accepted', 'refused'] as const;

export interface TestedReceiver {
  /** Type and place in the setting: `slack 2`. */
  readonly name: string;
  /** Messages wait in the outbox; Alertmanagers are asked at once. */
  readonly state: (typeof TEST_STATES)[number];
}

/**
 * Rejects as the database does, whose audit must take it first: then nothing was sent.
 *
 * @throws PortalError (badRequest) where nobody is named in the settings
 */
export type SendAlertTest = (actor: AuditedActor) => Promise<readonly TestedReceiver[]>;

export interface AlertTestOptions {
  readonly database: Queryable;
  readonly receivers: readonly { readonly name: string }[];
  readonly alerts: Pick<Alerts, 'test'>;
  readonly alertmanagers: readonly string[];
  readonly tokenFile: string | undefined;
  readonly fleet: () => string;
  readonly onAttempt: (receiverName: string, result: NotificationResult, cause?: string) => void;
}

const DEADLINE_MS = 2_000;

export function createAlertTest(options: AlertTestOptions): SendAlertTest {
  const { database, receivers, alerts, alertmanagers, fleet, onAttempt } = options;
  const names = [
    ...receivers.map(({ name }) => name),
    ...alertmanagers.map((_, index) => alertmanagerName(index)),
  ];

  async function askAlertmanager(url: string, index: number): Promise<TestedReceiver> {
    const name = alertmanagerName(index);
    const client = createAlertmanagerClient({ url, tokenFile: options.tokenFile });
    try {
      await client.post('alerts', [alertmanagerTest(fleet(), Date.now())]);
      onAttempt(name, 'accepted');
      return { name, state: 'accepted' };
    } catch (error) {
      onAttempt(name, 'refused', errorCode(error));
      return { name, state: 'refused' };
    } finally {
      client.close();
    }
  }

  return async (actor) => {
    if (names.length === 0) {
      throw new PortalError(
        'badRequest',
        'Expected `PORTAL_ALERT_WEBHOOKS` or `PORTAL_ALERTMANAGERS` to name somebody who gets alerts, got nothing.',
      );
    }
    await database.rows(
      `INSERT INTO audit (action, actor, address, token_suffix, details)
       VALUES ('alert_tested', $1, $2, $3, jsonb_build_object('receivers', $4::text[]))`,
      [actor.name, actor.address, actor.tokenSuffix, names],
      DEADLINE_MS,
    );
    const [waiting, asked] = await Promise.all([
      alerts.test(fleet()),
      Promise.all(alertmanagers.map(askAlertmanager)),
    ]);
    return [...waiting.map((name) => ({ name, state: 'waiting' as const })), ...asked];
  };
}
