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

const KINDS = ['portal', 'fleet'];
const RULES = KINDS.map((kind) => `prometheus/${kind}.rules.yml`);
const TESTS = KINDS.map((kind) => `prometheus/${kind}.rules.test.yml`);

function read(files: readonly string[]): string {
  return files.map(readDeployFile).join('\n');
}

test('the rules are rules, and their unit tests pass', async () => {
  const checked = await runPromtool(['check', 'rules', ...RULES.map(deployFile)]);
  assert.equal(checked.exitCode, 0, checked.output);
  const tested = await runPromtool(['test', 'rules', ...TESTS.map(deployFile)]);
  assert.equal(tested.exitCode, 0, tested.output);
});

test('every alert has a unit test in which it fires, and one in which it does not', () => {
  const alerts = [...read(RULES).matchAll(/- alert: (\S+)/g)].map(([, alert]) => alert);
  assert.ok(alerts.length > 10);
  const tests = read(TESTS);
  for (const alert of alerts) {
    assert.match(tests, new RegExp(`alertname: ${alert}\\n +exp_alerts:`), `${alert} never fires`);
    assert.match(tests, new RegExp(`alertname: ${alert} }`), `${alert} is never silent`);
  }
});

test('every recorded figure has a unit test', () => {
  const recorded = [...read(RULES).matchAll(/- record: (\S+)/g)].map(([, name]) => name);
  assert.ok(recorded.length > 3);
  const tested = new Set([...read(TESTS).matchAll(/- expr: ([\w:]+)/g)].map(([, name]) => name));
  assert.deepEqual(
    recorded.filter((name) => !tested.has(name)),
    [],
  );
});

test('the guide explains every alert, with its severity, and no other', () => {
  const alerts = [...read(RULES).matchAll(/- alert: (\S+)[^]*?severity: (\S+)/g)].map(
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
  await writeFile(
    file,
    `rule_files: ${JSON.stringify(RULES.map(deployFile))}\n${readDeployFile('prometheus/scrape.yml')}`,
  );
  const answer = await runPromtool(['check', 'config', file]);
  assert.equal(answer.exitCode, 0, answer.output);
});
