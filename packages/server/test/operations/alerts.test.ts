/**
 * The alert rules, by the real `promtool`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runPromtool } from 'portal-test-kit';
import { deployFile, readDeployFile } from './deploy-files.js';

const RULES = 'prometheus/portal.rules.yml';
const TESTS = 'prometheus/portal.rules.test.yml';

test('the rules are rules, and their unit tests pass', async () => {
  const checked = await runPromtool(['check', 'rules', deployFile(RULES)]);
  assert.equal(checked.exitCode, 0, checked.output);
  const tested = await runPromtool(['test', 'rules', deployFile(TESTS)]);
  assert.equal(tested.exitCode, 0, tested.output);
});

test('every alert has a unit test in which it fires, and one in which it does not', () => {
  const alerts = [...readDeployFile(RULES).matchAll(/- alert: (\S+)/g)].map(([, alert]) => alert);
  assert.ok(alerts.length > 5);
  const tests = readDeployFile(TESTS);
  for (const alert of alerts) {
    assert.match(tests, new RegExp(`alertname: ${alert}\\n +exp_alerts:`), `${alert} never fires`);
    assert.match(tests, new RegExp(`alertname: ${alert} }`), `${alert} is never silent`);
  }
});

test('the guide explains every alert, with its severity, and no other', () => {
  const alerts = [...readDeployFile(RULES).matchAll(/- alert: (\S+)[^]*?severity: (\S+)/g)].map(
    ([, alert, severity]) => `| \`${alert}\` | ${severity} |`,
  );
  const guide = readFileSync(new URL('../../../../../docs/operations.md', import.meta.url), 'utf8');
  const explained = [...guide.matchAll(/^\| `Portal\w+` \| \w+ \|/gm)].map(([row]) => row);
  assert.deepEqual(explained.toSorted(), alerts.toSorted());
});

test('the lines for prometheus.yml are valid, with the rules beside them', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-scrape-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, `rule_files: ['${deployFile(RULES)}']\n${readDeployFile('prometheus/scrape.yml')}`);
  const answer = await runPromtool(['check', 'config', file]);
  assert.equal(answer.exitCode, 0, answer.output);
});
