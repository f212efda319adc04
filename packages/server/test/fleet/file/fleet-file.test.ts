import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFleetFile } from '../../../src/fleet/file/fleet-file.js';

const ORDERS = `
  - name: orders
    labels: { team: shop, database: pg-1 }
    discover: { dns: orders-health.prod.svc.cluster.local, port: 8080 }
    scheme: http
    authorization: { credentials_file: /run/secrets/orders }
    expect: { instances: 3, usable: "50%", tolerate: 0 }
`;

describe('the fleet file', () => {
  test('gives services with what the defaults say', () => {
    const file = readFleetFile(`
fleet: prod
reach: "192.0.2.1:443"
defaults: { interval: 20s, timeout: 5s, networks: [10.0.0.0/8], format: health+json }
services:${ORDERS}
  - { name: billing, discover: { srv: _health._tcp.billing.example }, format: actuator, timeout: 500ms }
`);
    assert.deepEqual([file.name, file.reach], ['prod', { host: '192.0.2.1', port: 443 }]);
    const [orders, billing] = file.services;
    assert.deepEqual(orders?.discover, {
      kind: 'dns',
      name: 'orders-health.prod.svc.cluster.local',
      port: 8080,
    });
    assert.deepEqual(orders?.expect, { instances: 3, usable: { percent: 50 }, tolerate: { count: 0 } });
    assert.deepEqual(
      [orders?.polling.scheme, orders?.polling.intervalMs, orders?.polling.networks, orders?.polling.format],
      ['http', 20_000, ['10.0.0.0/8'], 'health+json'],
    );
    assert.deepEqual(
      [billing?.polling.scheme, billing?.polling.timeoutMs, billing?.polling.path, billing?.polling.format],
      ['https', 500, '/health', 'actuator'],
    );
  });

  test('may be JSON, and may be empty', () => {
    assert.deepEqual(readFleetFile('{}').services, []);
    assert.equal(
      readFleetFile('{"services":[{"name":"a","discover":{"static":["http://a:1"]}}]}').services.length,
      1,
    );
  });

  test('expects as many static instances as it names, twice the same being one', () => {
    const { services } = readFleetFile(
      'services: [{ name: a, discover: { static: ["http://a:1", "http://b:1", "http://a:1"] } }]',
    );
    assert.equal(services[0]?.expect.instances, 2);
  });

  test('pins who must have signed what the instances run', () => {
    const { services } = readFleetFile(
      'services: [{ name: a, discover: { static: ["http://a:1"] }, release: { keys: [a.pub, b.pub], minimum_sequence: 12 } },' +
        ' { name: b, discover: { static: ["http://b:1"] } }]',
    );
    assert.deepEqual(
      services.map(({ polling }) => polling.release),
      [{ keyFiles: ['a.pub', 'b.pub'], minimumSequence: 12, statementFile: null }, null],
    );
    const scraped = (statement: string): unknown =>
      readFleetFile(
        `services: [{ name: a, collector: prometheus, release: { keys: [a.pub]${statement} } }]`,
        {
          hasPrometheus: true,
        },
      ).services[0]?.polling.release?.statementFile;
    assert.equal(scraped(', statement: released.jsonl'), 'released.jsonl');
    assert.throws(
      () => scraped(''),
      /\/services\/0\/release\/statement to name a file where a Prometheus collects, .* got nothing/,
    );
  });

  test('lets loopback be asked only where it is named', () => {
    const allows = (service: string): boolean | undefined =>
      readFleetFile(`services: [{ name: a, ${service} }]`).services[0]?.polling.allowsLoopback;
    assert.equal(allows('discover: { static: ["http://127.0.0.1:1"] }'), true);
    assert.equal(allows('discover: { static: ["http://[::1]:1"] }'), true);
    assert.equal(allows('discover: { static: ["http://localhost:1"] }'), true);
    assert.equal(allows('discover: { static: ["http://a.example:1"] }'), false);
    assert.equal(allows('discover: { file_sd: [/a.json] }, networks: [127.0.0.0/8]'), true);
  });

  for (const [yaml, sentence] of Object.entries({
    'services: [': 'Expected the fleet file to be YAML (line 1, column 12), got "BAD_INDENT".',
    '[]': 'Expected the fleet file to be a mapping of keys, got [].',
    'fleets: prod': 'Expected /fleets to be one of fleet, reach, defaults, services, got "fleets".',
    'fleet: Prod': 'Expected /fleet to be 1 to 63 of a-z, 0-9 and -, and not to begin with -, got "Prod".',
    'reach: nowhere': 'Expected /reach to be an address and a port such as "192.0.2.1:443", got "nowhere".',
    'defaults: { interval: 1s }':
      'Expected /defaults/interval to be a time such as 10s, from 2s to 3600s, got "1s".',
    'defaults: { interval: 10 }':
      'Expected /defaults/interval to be a time such as 10s, from 2s to 3600s, got 10.',
    'services: {}': 'Expected /services to be a list of 0 to 500, got {}.',
    'services: [{ discover: { static: [] } }]':
      'Expected /services/0/name to be 1 to 63 of a-z, 0-9 and -, and not to begin with -, got nothing.',
    'services: [{ name: a }]':
      'Expected /services/0/discover to say where the instances are found, got nothing.',
    'services: [{ name: a, collector: prometheus }]':
      'Expected /services/0/collector to be direct while PORTAL_PROMETHEUS_URL is not set, got "prometheus".',
    'services: [{ name: a, discover: { static: [] }, series: { label: job, value: a } }]':
      'Expected /services/0/series to stand beside collector: prometheus only',
    'services: [{ name: a, collector: prometheus, series: { label: instance, value: a } }]':
      'Expected /services/0/series/label to be the name of a label',
    'services: [{ name: a, collector: prometheus, series: { label: job, value: "a\\nb" } }]':
      'Expected /services/0/series/value to be 1 to 128 characters',
    'services: [{ name: a, discover: {} }]':
      'Expected /services/0/discover to have one of static, file_sd, http_sd, dns, srv and kubernetes, got {}.',
    'services: [{ name: a, discover: { static: ["a:1"] } }]':
      'Expected /services/0/discover/static/0 to be an origin such as https://10.0.0.1:8443, without a path, got "a:1".',
    'services: [{ name: a, discover: { static: ["http://u:p@a:1"] } }]':
      'Expected /services/0/discover/static/0 to be an origin',
    'services: [{ name: a, discover: { static: ["http://a:1/health"] } }]':
      'Expected /services/0/discover/static/0 to be an origin',
    'services: [{ name: a, discover: { dns: a.example } }]':
      'Expected /services/0/discover/port to stand beside dns, and only there, got nothing.',
    'services: [{ name: a, discover: { srv: a.example } }]':
      'Expected /services/0/discover/srv to be a name such as _health._tcp.example.com, got "a.example".',
    'services: [{ name: a, discover: { static: [] }, timeout: 20s }]':
      'Expected /services/0/timeout to be at most the interval, got "20000ms".',
    'services: [{ name: a, discover: { static: [] }, expect: { usable: "101%" } }]':
      'Expected /services/0/expect/usable to be a whole number, or percent from "0%" to "100%", got "101%".',
    'services: [{ name: a, discover: { static: [] }, labels: { database: PG } }]':
      'Expected /services/0/labels/database to be 1 to 63',
    'services: [{ name: a, discover: { static: [] }, tls: { cert_file: /a } }]':
      'Expected /services/0/tls to have cert_file and key_file, or neither',
    'services: [{ name: a, discover: { static: [] }, format: { json: { pointer: status } } }]':
      'Expected /services/0/format/json/pointer to be a JSON pointer such as /status, got "status".',
    'services: [{ name: a, discover: { static: [] }, path: health }]':
      'Expected /services/0/path to be a path that begins with /, got "health".',
    'services: [{ name: a, discover: { static: [] }, networks: [10.0.0.0/40] }]':
      'Expected /services/0/networks/0 to be a network such as 10.0.0.0/8, got "10.0.0.0/40".',
    'services: [{ name: a, discover: { static: [] } }, { name: a, discover: { static: [] } }]':
      'Expected /services/1/name to be another name than those before, got "a".',
    'services: [{ name: a, discover: { static: [] }, "a/b~c": 1 }]':
      'Expected /services/0/a~1b~0c to be one of',
    'fleet: a\nfleet: b': 'Expected the fleet file to be YAML (line 2, column 1), got "DUPLICATE_KEY".',
  })) {
    test(`refuses ${yaml.split('\n').join(' ')}`, () => {
      assert.throws(
        () => readFleetFile(yaml),
        (error: Error) => error.message.startsWith(sentence) || assert.fail(error.message),
      );
    });
  }

  test('asks a Prometheus where there is one, by the job of the same name unless it says otherwise', () => {
    const yaml = `
defaults: { collector: prometheus }
services:
  - { name: a }
  - { name: b, series: { label: app, value: "b|c" }, expect: { instances: 4000 } }
  - { name: c, collector: direct, discover: { static: ["http://c:1"] } }
`;
    const { services } = readFleetFile(yaml, { hasPrometheus: true });
    assert.deepEqual(
      services.map(({ discover, expect }) => [discover, expect.instances]),
      [
        [{ kind: 'series', label: 'job', value: 'a' }, 1],
        [{ kind: 'series', label: 'app', value: 'b|c' }, 4_000],
        [{ kind: 'static', origins: ['http://c:1'] }, 1],
      ],
    );
    const both = 'services: [{ name: a, collector: prometheus, discover: { static: [] } }]';
    assert.throws(
      () => readFleetFile(both, { hasPrometheus: true }),
      /Expected \/services\/0\/discover to be left out where a Prometheus collects/,
    );
  });

  test('a bomb of aliases is refused before it is unfolded', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array.from({ length: 9 }, () => `*l${i}`).join(',')}]`,
    );
    assert.throws(() => readFleetFile(`l0: &l0 [x]\n${levels.join('\n')}`), /aliases/);
  });
});
