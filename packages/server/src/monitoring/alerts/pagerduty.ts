/**
 * An alert as an event of PagerDuty, by its Events API v2: the same key from every watcher, so that what they all send is one
 * incident there. See https://developer.pagerduty.com/docs/events-api-v2/overview/.
 */

/** What of an alert goes there. */
interface Announced {
  readonly type: string;
  readonly key: string;
  readonly kind: string | null;
  readonly fleet: string;
  readonly service: string | null;
  readonly status: string;
  readonly since: string;
  readonly codes: readonly string[];
  readonly services: readonly string[];
  readonly instance: string;
  readonly link: string | null;
  readonly runbooks: readonly { readonly code: string; readonly url: string }[];
}

/** Of PagerDuty, in characters. */
const LONGEST_SUMMARY = 1_024;

export function pagerDutyEvent(alert: Announced, text: string, routingKey: string): object {
  const { key, kind, fleet, service, status, since, codes, services, instance, link, runbooks } = alert;
  const links = [
    ...(link === null ? [] : [{ href: link, text: 'The incident' }]),
    ...runbooks.map(({ code, url }) => ({ href: url, text: `Runbook of ${code}` })),
  ];
  const event = { routing_key: routingKey, dedup_key: key };
  if (alert.type === 'incident.ended') return { ...event, event_action: 'resolve' };
  return {
    ...event,
    event_action: 'trigger',
    client: 'Portal Health',
    ...(link === null ? {} : { client_url: link }),
    ...(links.length === 0 ? {} : { links }),
    payload: {
      summary: text.slice(0, LONGEST_SUMMARY),
      source: service ?? fleet,
      severity: status === 'unhealthy' ? 'critical' : 'warning',
      timestamp: since,
      component: service ?? services.join(', '),
      group: fleet,
      class: kind ?? 'test',
      custom_details: { codes, services, watcher: instance },
    },
  };
}
