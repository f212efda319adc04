/** Who is told of incidents, whether it arrives, and what nobody is told of: pauses and maintenance. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { FleetDocument } from 'portal-server/api';
import type { Navigation } from '../address.js';
import { postJson, QUEUED_TIMEOUT_MS } from '../api/request.js';
import { usePolled } from '../api/use-polled.js';
import {
  deliveryMark,
  receiverMark,
  toldWords,
  transitionWords,
  type AlertDelivery,
  type AlertReceiver,
} from '../copy/alerts.js';
import { IncidentLink } from './fleet-links.js';
import { Maintenance } from './maintenance.js';
import { DataTable } from './table.js';
import { Mark, TimeText } from './text.js';

const PATH = '/v1/admin/alerts';
const EVERY_MS = 5_000;

export interface AlertsProps {
  /** To choose from; `null`: not heard yet. */
  readonly fleet: FleetDocument | null;
  readonly navigation: Navigation;
  readonly nowMs: number;
}

export function AlertsView({ fleet, navigation, nowMs }: AlertsProps): JSX.Element {
  const [tested, setTested] = useState(0);
  const { body, error } = usePolled(PATH, { everyMs: EVERY_MS, reread: tested });
  return (
    <section aria-labelledby="alerts">
      <h2 id="alerts">Alerts</h2>
      {error !== null && <p role="status">{error}</p>}
      {body === null ? (
        error === null && <p class="soft">Loading …</p>
      ) : (
        <Receivers receivers={body.receivers} nowMs={nowMs} onTest={() => setTested(tested + 1)} />
      )}
      <Maintenance fleet={fleet} nowMs={nowMs} />
      {body !== null && (
        <>
          <h3>Last messages</h3>
          <Deliveries deliveries={body.deliveries} navigation={navigation} nowMs={nowMs} />
        </>
      )}
    </section>
  );
}

function Receivers({
  receivers,
  nowMs,
  onTest,
}: {
  readonly receivers: readonly AlertReceiver[];
  readonly nowMs: number;
  readonly onTest: () => void;
}): JSX.Element {
  if (receivers.length === 0) {
    return (
      <p>
        <strong>Nobody is told of incidents.</strong> <code>PORTAL_ALERT_WEBHOOKS</code> and{' '}
        <code>PORTAL_ALERTMANAGERS</code> name whom to tell.
      </p>
    );
  }
  return (
    <>
      <h3>Who is told</h3>
      <DataTable label="Who is told" columns={['Receiver', 'State', 'Last accepted', 'Waiting', 'Of what']}>
        {receivers.map((one) => (
          <tr key={one.receiver}>
            <th scope="row">{one.receiver}</th>
            <td>
              <Mark {...receiverMark(one)} />
              {one.failing_since !== null && (
                <>
                  {' '}
                  since <TimeText at={one.failing_since} nowMs={nowMs} />
                  {one.cause !== null && (
                    <>
                      {' '}
                      <code>{one.cause}</code>
                    </>
                  )}
                </>
              )}
            </td>
            <td>{one.accepted_at === null ? '–' : <TimeText at={one.accepted_at} nowMs={nowMs} />}</td>
            <td>
              {one.waiting ?? '–'}
              {one.waiting_since !== null && (
                <>
                  , since <TimeText at={one.waiting_since} nowMs={nowMs} />
                </>
              )}
            </td>
            <td class="soft">{toldWords(one)}</td>
          </tr>
        ))}
      </DataTable>
      <TestButton onTest={onTest} />
    </>
  );
}

function TestButton({ onTest }: { readonly onTest: () => void }): JSX.Element {
  const [outcome, setOutcome] = useState<string | null>(null);
  const [isSending, setIsSending] = useState(false);
  const send = async (): Promise<void> => {
    setIsSending(true);
    // Alertmanagers are asked meanwhile, with a deadline of their own.
    const { body, error } = await postJson(`${PATH}/test`, {}, QUEUED_TIMEOUT_MS);
    setIsSending(false);
    setOutcome(
      body === null
        ? (error ?? 'The service did not answer; whether a test was sent is seen below.')
        : `Sent: ${body.receivers.map(({ receiver, state }) => `${receiver} ${state}`).join(', ')}.`,
    );
    onTest();
  };
  return (
    <p>
      <button type="button" disabled={isSending} onClick={() => void send()}>
        Send a test
      </button>{' '}
      <span class="soft">
        To all of them. PagerDuty opens an incident, which somebody has to resolve there.
      </span>{' '}
      <span role="status">{outcome}</span>
    </p>
  );
}

function Deliveries({
  deliveries,
  navigation,
  nowMs,
}: {
  readonly deliveries: readonly AlertDelivery[] | null;
  readonly navigation: Navigation;
  readonly nowMs: number;
}): JSX.Element {
  if (deliveries === null) return <p class="soft">Its file cannot be read.</p>;
  if (deliveries.length === 0) return <p class="soft">None yet.</p>;
  return (
    <DataTable label="Last messages" columns={['Time', 'Receiver', 'Of', 'State']}>
      {deliveries.map(({ message, receiver, transition, state, at, incident }) => (
        <tr key={`${message} ${receiver}`}>
          <td>
            <TimeText at={at} nowMs={nowMs} />
          </td>
          <td>{receiver}</td>
          <td>
            {incident === null ? (
              transitionWords(transition)
            ) : (
              <IncidentLink id={incident} navigation={navigation}>
                {transitionWords(transition)}
              </IncidentLink>
            )}
          </td>
          <td>
            <Mark {...deliveryMark(state)} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
