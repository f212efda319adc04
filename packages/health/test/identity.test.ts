/** Which service this is: what is found when nobody says it, who may see it, and that the published document never does. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { runScript } from 'portal-test-kit';
import { resourceAttributes } from '../src/adapters/opentelemetry.js';
import { createHealth, respond, type Identity, type Viewer } from '../src/index.js';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-identity-'));
});
after(() => rm(folder, { recursive: true }));

const INDEX = new URL('../src/index.js', import.meta.url).href;
const PROGRAM = `import { createHealth } from ${JSON.stringify(INDEX)};
console.log(JSON.stringify(createHealth({}).identity));`;

/** What a program finds out that lies in `files`. */
async function found(
  program: string,
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Identity> {
  const cwd = await mkdtemp(join(folder, 'app-'));
  for (const [path, text] of Object.entries({ ...files, [program]: PROGRAM })) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), text);
  }
  const { stdout, stderr } = await runScript(join(cwd, program), [], { cwd, env });
  assert.equal(stderr, '');
  return JSON.parse(stdout) as Identity;
}

const ORDERS = JSON.stringify({ name: 'orders', version: '1.4.0' });
const HOST = hostname();

test('E-12: name and version of the nearest package.json that has a name, and the host', async () => {
  assert.deepEqual(
    await found('dist/src/main.mjs', { 'package.json': ORDERS, 'dist/package.json': '{"type":"module"}' }),
    { service: 'orders', version: '1.4.0', instance: HOST },
  );
  const unreadable = await found('dist/main.mjs', {
    'package.json': ORDERS,
    'dist/package.json': '{"name":',
  });
  assert.equal(unreadable.service, 'orders');
  const none = await found('main.mjs', {});
  assert.deepEqual([none.service, none.version], [null, null]);
  const odd = JSON.stringify({ name: 'or\nders', version: 7 });
  assert.equal((await found('main.mjs', { 'package.json': odd })).service, null);
});

test('a tool that runs the program does not give its own name', async () => {
  const identity = await found('node_modules/runner/bin.mjs', {
    'package.json': ORDERS,
    'node_modules/runner/package.json': '{"name":"runner","version":"30.0.0"}',
  });
  assert.deepEqual([identity.service, identity.version], ['orders', '1.4.0']);
});

test('OpenTelemetry’s variables come before, and options before these', async () => {
  const env = {
    OTEL_SERVICE_NAME: 'billing',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,service.version=2%2E0,service.instance.id=pod-1, a=%',
  };
  assert.deepEqual(await found('main.mjs', { 'package.json': ORDERS }, env), {
    service: 'billing',
    version: '2.0',
    instance: 'pod-1',
  });
  const { OTEL_SERVICE_NAME: _, ...attributes } = env;
  assert.equal((await found('main.mjs', {}, attributes)).service, 'other');
  const given = { service: 'a', version: null, instance: 'b' };
  assert.deepEqual({ ...createHealth(given).identity }, given);
});

test('a name that does not fit into a line is refused', () => {
  for (const [option, value] of [
    ['service', ''],
    ['version', 'a\nb'],
    ['instance', 7],
    ['service', 'x'.repeat(201)],
  ] as const) {
    assert.throws(() => createHealth({ [option]: value }), {
      name: 'TypeError',
      message: new RegExp(
        `^Expected the \`${option}\` option to be null, or a text of 1 to 200 characters without control characters, got`,
      ),
    });
  }
});

test('service and version are in metrics and health+json, the replica for administrators, none in the document', async () => {
  const health = createHealth({ service: 'or"ders\\', version: '1.4.0', instance: 'pod-7f9c' });
  const body = (endpoint: 'health' | 'metrics', accept: string, viewer: Viewer): string =>
    respond(health, { endpoint, method: 'GET', accept }, viewer).body;
  const forPublic = body('metrics', 'text/plain', 'public');
  assert.ok(
    forPublic.includes(
      '# TYPE target_info gauge\n# HELP target_info Which service this is, and which release of it.\n' +
        'target_info{service_name="or\\"ders\\\\",service_version="1.4.0"} 1\n',
    ),
  );
  const open = body('metrics', 'application/openmetrics-text', 'admin');
  assert.ok(open.includes('# TYPE target info\n'));
  assert.ok(open.includes('service_version="1.4.0",service_instance_id="pod-7f9c"} 1\n'));
  const draft = JSON.parse(body('health', 'application/health+json', 'public'));
  assert.deepEqual([draft.serviceId, draft.releaseId], ['or"ders\\', '1.4.0']);
  const forAdmin = JSON.parse(body('health', 'application/health+json', 'admin'));
  assert.equal(forAdmin.instanceId, 'pod-7f9c');
  for (const viewer of ['public', 'admin'] as const) {
    const document = body('health', 'application/json', viewer);
    assert.ok(!/ders|1\.4\.0|pod-7f9c/.test(document), document);
  }
  assert.ok(!/pod-7f9c/.test(forPublic + JSON.stringify(draft)));
  assert.deepEqual(resourceAttributes(health), {
    'service.name': 'or"ders\\',
    'service.version': '1.4.0',
    'service.instance.id': 'pod-7f9c',
  });
  const silent = createHealth({ service: null, version: null, instance: null });
  assert.ok(!respond(silent, { endpoint: 'metrics', method: 'GET' }, 'admin').body.includes('target_info'));
  await Promise.all([health.close(), silent.close()]);
});
