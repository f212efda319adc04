/** Our figures in the registry of an application, by the real prom-client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Gauge, Registry, type RegistryContentType } from 'prom-client';
import { registerHealth } from '../../src/adapters/prom-client.js';
import { createHealth, respond, type Health } from '../../src/index.js';

const health = (name = 'queue'): Health =>
  createHealth({ checks: { [name]: () => true }, service: 'orders', version: '1.4.0', instance: null });

/** Samples, and the types of their families. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# HELP') && !line.startsWith('# UNIT'));
}

/** What changes between two readings, or is not measured. */
const stable = (line: string): boolean => !/latency_seconds|last_success/.test(line);

/** Of families without a sample, which prom-client names all the same. */
function withSamples(lines: readonly string[]): string[] {
  return lines.filter(
    (line, place) => !line.startsWith('# TYPE') || !/^(# TYPE|# EOF|$)/.test(lines[place + 1] ?? ''),
  );
}

test('E-07: the same names, types and figures as /metrics, beside the application’s own', async () => {
  const one = health();
  await one.start();
  try {
    for (const open of [false, true]) {
      const register: Registry<RegistryContentType> = new Registry();
      if (open) register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
      const own = new Counter({
        name: 'app_orders_total',
        help: 'Orders.',
        registers: [register],
      });
      own.inc(3);
      registerHealth(register, one);
      for (let reading = 0; reading < 2; reading += 1) {
        const text = await register.metrics();
        assert.ok(text.includes('\napp_orders_total 3\n'));
        const accept = open ? 'application/openmetrics-text' : 'text/plain';
        const ours = linesOf(respond(one, { endpoint: 'metrics', method: 'GET', accept }, 'public').body);
        const theirs = withSamples(linesOf(text)).filter((line) => !line.includes('app_orders'));
        assert.deepEqual(
          theirs.filter(stable).toSorted(),
          // prom-client knows no info.
          ours
            .map((line) => line.replace('# TYPE target info', '# TYPE target_info gauge'))
            .filter(stable)
            .toSorted(),
        );
      }
    }
  } finally {
    await one.close();
  }
});

test('default labels, clear and reset of the registry hold, and figures are of now', async () => {
  const one = health();
  const register = new Registry();
  register.setDefaultLabels({ pod: 'a', part: 'never over ours' });
  registerHealth(register, one);
  assert.ok((await register.metrics()).includes('portal_health_up{part="queue",pod="a"} 0\n'));
  await one.start();
  register.resetMetrics();
  assert.ok((await register.metrics()).includes('portal_health_up{part="queue",pod="a"} 1\n'));
  assert.match(await register.metrics(), /portal_health_probe_runs_total\{.*outcome="up".*\} 1\n/);
  assert.ok((await register.getMetricsAsJSON()).some(({ name }) => name === 'portal_health_status'));
  register.clear();
  assert.equal((await register.metrics()).trim(), '');
  registerHealth(register, one);
  assert.ok((await register.metrics()).includes('portal_health_up{part="queue"} 1\n'));
  assert.ok((await Registry.merge([register, new Registry()]).metrics()).includes('portal_health_status{'));
  await one.close();
});

test('a health is there once, a second one by labels of its own, and each goes by itself', async () => {
  const register = new Registry();
  const [one, two] = [health(), health('mail')];
  registerHealth(register, one);
  const registration = registerHealth(register, one);
  const statuses = async (): Promise<number> =>
    (await register.metrics()).split('portal_health_status{status="healthy"').length - 1;
  assert.equal(await statuses(), 1);
  assert.throws(() => registerHealth(register, two), {
    name: 'TypeError',
    message:
      'Expected the `labels` option to tell this health from the one that the registry has already, got "{}".',
  });
  const second = registerHealth(register, two, { labels: { health: 'mails' } });
  assert.ok((await register.metrics()).includes('portal_health_up{health="mails",part="mail"} 0\n'));
  assert.equal(await statuses(), 1);
  registration.close();
  registration.close();
  assert.equal(await statuses(), 0);
  assert.ok((await register.metrics()).includes('portal_health_up{health="mails",part="mail"} 0\n'));
  second.close();
  assert.equal((await register.metrics()).trim(), '');
  await Promise.all([one.close(), two.close()]);
});

test('what is in the way is named, and nothing is registered then; target_info may be the application’s', async () => {
  const one = health();
  const register = new Registry();
  const info = new Gauge({ name: 'target_info', help: 'Mine.', labelNames: ['a'], registers: [register] });
  info.set({ a: 'b' }, 1);
  registerHealth(register, one).close();
  assert.ok((await register.metrics()).includes('target_info{a="b"} 1\n'));
  const mine = new Gauge({ name: 'portal_cache_keys', help: 'Mine.', registers: [register] });
  mine.set(1);
  assert.throws(() => registerHealth(register, one), {
    name: 'TypeError',
    message:
      'Expected the `register` option to have no metric of another’s that is called portal_cache_keys, got an object.',
  });
  assert.equal(register.getSingleMetric('portal_health_status'), undefined);
  const bad: [unknown, unknown, unknown, string][] = [
    [{}, one, {}, 'Expected the `register` option to be a Registry of prom-client, got an object.'],
    [register, {}, {}, 'Expected the `health` option to be made by createHealth, got an object.'],
    [register, one, { label: {} }, 'Expected the `label` option to be one of labels, got "label".'],
    [
      register,
      one,
      { labels: { 'a-b': 'c' } },
      'Expected the `labels.a-b` option to have the name of a label and a text as its value, got "c".',
    ],
  ];
  for (const [given, healthGiven, options, message] of bad) {
    assert.throws(() => registerHealth(given as never, healthGiven as never, options as never), {
      name: 'TypeError',
      message,
    });
  }
  await one.close();
});
