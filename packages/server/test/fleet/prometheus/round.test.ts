/**
 * What is asked of a Prometheus, and how its answers are read: those of a Prometheus 2.42 that scraped four instances, as
 * they were recorded, one exchange a question. e2e/test/fleet-prometheus.test.ts asks real ones.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCollector, type ServiceRound } from '../../../src/fleet/prometheus/collector.js';
import { createPrometheusApi, readVector } from '../../../src/fleet/prometheus/prometheus-api.js';
import * as promql from '../../../src/fleet/prometheus/promql.js';
import { askRound, askSlowly, type ScrapedInstance } from '../../../src/fleet/prometheus/round.js';
import { startHost, type Host } from '../hosts.js';

type Phase = 'trouble' | 'recovered' | 'gone';

const RECORDED = JSON.parse(
  readFileSync(
    fileURLToPath(new URL('../../../../test/fleet/prometheus/recorded.json', import.meta.url)),
    'utf8',
  ),
) as Readonly<Record<Phase, Readonly<Record<string, unknown>>>>;
const ORDERS = { label: 'job', values: ['orders'], intervalMs: 2_000 };
const HASH = 'a'.repeat(64);
const name = (index: number): string => `127.0.0.1:1800${index}`;

let phase: Phase = 'trouble';
let prometheus: Host;
const asked: string[] = [];

const answerRecorded: RequestListener = (request, response) => {
  void text(request).then((form) => {
    const question = new URLSearchParams(form).get('query') ?? '';
    asked.push(`${request.method} ${request.url} ${question}`);
    const answer = RECORDED[phase][question];
    response
      .writeHead(answer === undefined ? 400 : 200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(answer ?? { status: 'error', error: question }));
  });
};

before(async () => {
  prometheus = await startHost(answerRecorded);
});

after(() => prometheus?.close());

async function ask(now: Phase, watched: readonly string[], isFirst = false) {
  phase = now;
  const session = await createPrometheusApi({ url: prometheus.origin, tokenFile: null }).open(
    Date.now(),
    performance.now() + 30_000,
  );
  const none = { restarting: [], shared: [], gone: [], sources: [] };
  const slow = now === 'recovered' ? none : await askSlowly(session, ORDERS);
  const rounds = await askRound(session, ORDERS, slow, new Map([['orders', new Set(watched)]]), isFirst);
  session.close();
  return rounds.get('orders') ?? assert.fail('no round');
}

function stateOf({ observation }: ScrapedInstance): string {
  if (observation.kind === 'answered') return observation.reading.health;
  return observation.kind === 'failed' ? observation.code : 'void';
}

describe('a round of questions', () => {
  test('names what is not well, each with its cause, and counts the others', async () => {
    const { listed, named, gone, sources } = await ask('trouble', []);
    assert.equal(listed, 4);
    assert.deepEqual(named.map((one) => [one.instance, stateOf(one), one.isNew]).toSorted(), [
      [name(1), 'degraded', false],
      [name(2), 'INSTANCE_NOT_SCRAPED', false],
      [name(3), 'INSTANCE_NOT_HEALTH', false],
    ]);
    const degraded = named.find(({ instance }) => instance === name(1))?.observation;
    assert.ok(degraded?.kind === 'answered');
    assert.deepEqual(degraded.reading, {
      health: 'degraded',
      codes: ['DATABASE_TIMEOUT'],
      startedAtMs: 1_700_000_000_000,
      sourceHash: HASH,
    });
    assert.deepEqual([gone, sources.map(({ hash }) => hash)], [[], [HASH]]);
  });

  test('in the first one nobody has been judged before', async () => {
    const { named } = await ask('trouble', [], true);
    assert.ok(named.every(({ isNew }) => isNew));
  });

  test('names also those that were not well until lately', async () => {
    const { named } = await ask('recovered', [name(1), name(2), name(3)]);
    assert.deepEqual(
      named.map((one) => stateOf(one)),
      ['healthy', 'healthy', 'healthy'],
    );
  });

  test('a series that has left is gone, whatever it was', async () => {
    const { listed, named, gone } = await ask('gone', []);
    assert.deepEqual([listed, named, gone], [3, [], [name(4)]]);
  });

  test('every question is posted, and has nothing but what the fleet file and the Prometheus said', () => {
    assert.ok(asked.length > 0 && asked.every((line) => line.startsWith('POST /api/v1/query ')));
  });
});

describe('a question', () => {
  test('quotes names, so that none can mean anything else', () => {
    const odd = { label: 'job', values: ['a"} or vector(1) #', String.raw`b\.c|.*`, 'ü {x}'] };
    assert.equal(
      promql.listed(odd),
      String.raw`count by (job) (group by (job, instance) (up{job=~"a\"\\} or vector\\(1\\) #|b\\\\\\.c\\|\\.\\*|ü \\{x\\}"}))`,
    );
  });
});

describe('an answer', () => {
  const vector = (result: unknown, besides: object = {}): string =>
    JSON.stringify({ status: 'success', data: { resultType: 'vector', result }, ...besides });

  for (const [what, body, sentence] of [
    ['that is a page', '<h1>Sign in</h1>', /is no vector/],
    ['that is no success', '{"status":"error"}', /is no vector/],
    ['of another type', vector([]).replace('vector', 'matrix'), /is no vector/],
    ['that is a part', vector([], { isPartial: true }), /not the whole one/],
    ['with a warning', vector([], { warnings: ['a store is away'] }), /not the whole one/],
    ['with a row that is none', vector([{ metric: {} }]), /a row of the Prometheus is none/],
  ] as const) {
    test(`${what} is refused`, () => {
      assert.throws(() => readVector(body), sentence);
    });
  }

  test('that is whole is read', () => {
    assert.deepEqual(readVector(vector([{ metric: { job: 'a' }, value: [1, '2'] }])), [
      { labels: { job: 'a' }, value: 2 },
    ]);
  });
});

describe('a collector', () => {
  const SERIES = { service: 'orders', label: 'job', value: 'orders', intervalMs: 2_000, successThreshold: 1 };

  function firstRound(url: string): Promise<readonly ServiceRound[]> {
    return new Promise((resolve) => {
      const collector = createCollector({
        api: createPrometheusApi({ url, tokenFile: null }),
        onRounds(rounds) {
          collector.close();
          resolve(rounds);
        },
      });
      collector.setSeries([SERIES, { ...SERIES, service: 'the same again' }]);
    });
  }

  test('asks once for what several services share', async () => {
    phase = 'trouble';
    const requests = prometheus.requests();
    const rounds = await firstRound(prometheus.origin);
    assert.deepEqual(
      rounds.map(({ service, found }) => [service, found.kind === 'round' && found.listed]),
      [
        ['orders', 4],
        ['the same again', 4],
      ],
    );
    // Four slow ones, six, and three about those that are named.
    assert.equal(prometheus.requests() - requests, 13);
  });

  test('tells a failure by its cause, and never as an empty list', async () => {
    phase = 'recovered';
    const cause = (rounds: readonly ServiceRound[]): unknown =>
      rounds.map(({ found }) => found.kind === 'failed' && found.cause);
    assert.deepEqual(cause(await firstRound(prometheus.origin)), [
      'the Prometheus answered with 400',
      'the Prometheus answered with 400',
    ]);
    assert.deepEqual(cause(await firstRound('http://127.0.0.1:1')), ['ECONNREFUSED', 'ECONNREFUSED']);
  });
});
