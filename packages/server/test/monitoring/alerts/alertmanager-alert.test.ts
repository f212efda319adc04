/** What an alert of Alertmanager says beside its labels. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alertAnnotations } from '../../../src/monitoring/alerts/alertmanager-alert.js';
import type { Incident } from '../../../src/monitoring/incidents/incident.js';
import { fleetUpdate, serviceUpdate, START, startTracker } from '../incidents/updates.js';

function incidentWith(causes: readonly (readonly [code: string, endedAt: number | null])[]): Incident {
  const run = startTracker();
  const source = { state: 'mismatched', since: START, odd: ['a:1'] } as const;
  run.update(fleetUpdate(0, [serviceUpdate('orders', 'h', { source })]));
  const [{ incident } = assert.fail('nothing began')] = run.notices;
  return {
    ...incident,
    causes: causes.map(([code, endedAt]) => ({
      code,
      service: 'orders',
      instance: 'a:1',
      beganAt: START,
      endedAt,
    })),
  };
}

function annotationsOf(incident: Incident, runbook: string | null): Readonly<Record<string, string>> {
  return alertAnnotations(incident, {
    sentenceOf: (code) => code,
    runbookOf: (code) => (runbook === null ? null : `${runbook}/${code}`),
  });
}

test('its runbook is that of a cause that holds, and else of the first; there is none without the setting', () => {
  const wiki = 'https://wiki.example.org';
  const held = incidentWith([
    ['INSTANCE_TIMEOUT', START + 1],
    ['CACHE_TIMEOUT', null],
  ]);
  assert.equal(annotationsOf(held, wiki)['runbook_url'], `${wiki}/CACHE_TIMEOUT`);
  const over = incidentWith([['INSTANCE_TIMEOUT', START + 1]]);
  assert.equal(annotationsOf(over, wiki)['runbook_url'], `${wiki}/INSTANCE_TIMEOUT`);
  assert.ok(!('runbook_url' in annotationsOf(incidentWith([]), wiki)));
  assert.ok(!('runbook_url' in annotationsOf(held, null)));
});
