/**
 * A watcher as a process of its own, to be frozen: reports to the Alertmanager of its argument what a message says is open, and
 * goes by nothing else, so that a test decides what it has seen since.
 */
import { createLog } from '../../../src/infra/log.js';
import { createAlertmanagers } from '../../../src/monitoring/alerts/alertmanagers.js';
import { incidentOf } from './alertmanager-double.js';

const [url = '', everyMs = ''] = process.argv.slice(2);
const alertmanagers = createAlertmanagers({
  urls: [url],
  tokenFile: undefined,
  log: createLog({ level: 'silent' }),
  sentenceOf: (code) => code,
  linkOf: () => null,
  runbookOf: () => null,
  onAttempt: () => undefined,
  everyMs: Number(everyMs),
});
const known = new Map<string, ReturnType<typeof incidentOf>>();

process.on('message', (names: readonly string[]) => {
  for (const name of names) if (!known.has(name)) known.set(name, incidentOf(name));
  const open = names.flatMap((name) => known.get(name) ?? []);
  alertmanagers.update('prod', open, new Set());
  process.send?.('seen');
});
