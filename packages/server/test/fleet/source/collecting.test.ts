/** What instances run, collected from real answers: a release that rolls, one instance that was edited, statements not to believe. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test, type TestContext } from 'node:test';
import { makeReleaseKeys, releaseHash, signRelease, waitFor } from 'portal-test-kit';
import { readFleetFile } from '../../../src/fleet/file/fleet-file.js';
import { createServices, type Services } from '../../../src/fleet/services.js';
import type { ServiceView } from '../../../src/fleet/service-watch.js';
import { createLog } from '../../../src/infra/log.js';
import { answerWith, startHost, type Host } from '../hosts.js';

const folder = mkdtempSync(join(tmpdir(), 'portal-release-'));
after(() => rmSync(folder, { recursive: true }));
const log = createLog({ level: 'silent', destination: { write: () => undefined } });
const keys = makeReleaseKeys();
const strangers = makeReleaseKeys();
const OLD = signRelease('old', keys, { version: '1.3.0', sequence: 12 });
const NEW = signRelease('new', keys, { version: '1.4.0', sequence: 13 });

/** What one instance answers; may be changed while it is watched. */
interface Instance {
  host: Host;
  hash: string | null;
  statement: string | null;
  startedAt: number;
  /** How often it does not say which statement it has. */
  silent: number;
  /** Requests for anything but the report. */
  asked: string[];
  /** Where it shows its statement. */
  place: string;
}

let instances: Instance[] = [];

async function startInstance(t: TestContext, source: string, statement: string | null): Promise<Instance> {
  const instance: Instance = {
    hash: releaseHash(source),
    statement,
    startedAt: Date.now() - 60_000,
    silent: 0,
    asked: [],
    place: '/health/statement',
    host: await startHost((request, response) => {
      const { url, headers } = request;
      if (url === '/health') {
        const started_at = new Date(instance.startedAt).toISOString();
        answerWith({ status: 'healthy', errors: [], started_at, source_hash: instance.hash })(
          request,
          response,
        );
        return;
      }
      instance.asked.push(`${url} ${headers.authorization}`);
      const isSilent = (instance.silent -= 1) >= 0;
      const isThere = instance.place === url && instance.statement !== null;
      response.writeHead(isSilent ? 503 : isThere ? 200 : 404).end(isThere ? instance.statement : '');
    }),
  };
  t.after(() => instance.host.close());
  instances.push(instance);
  return instance;
}

function restart(instance: Instance, source: string, statement: string | null): void {
  instance.hash = releaseHash(source);
  instance.statement = statement;
  instance.startedAt += 1_000;
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function watch(t: TestContext, release: object | undefined, isKnown = true): Services {
  const services = createServices(log, null);
  t.after(() => services.close());
  const fleet = {
    defaults: { interval: '2s', timeout: '2s' },
    services: [
      {
        name: 'orders',
        discover: { static: instances.map(({ host }) => host.origin) },
        ...(isKnown && { authorization: { credentials_file: file('token', 'secret') } }),
        ...(release && { release: { keys: [file('release.pub', keys.publicPem)], ...release } }),
      },
    ],
  };
  services.apply(readFleetFile(JSON.stringify(fleet)).services);
  return services;
}

function sourceOf(services: Services): ServiceView['source'] {
  services.update(Date.now(), undefined);
  return services.views()[0]?.source ?? assert.fail();
}

function cellsOf(services: Services): string {
  return services.views()[0]?.sourceCells ?? assert.fail();
}

/** @returns every state that was seen on the way, each once in a row */
async function until(services: Services, wanted: string): Promise<readonly string[]> {
  const seen: string[] = [];
  await waitFor(
    wanted,
    () => {
      const { state, matching, reported } = sourceOf(services);
      const now = `${state} ${matching} of ${reported}`;
      if (seen.at(-1) !== now) seen.push(now);
      return now === wanted;
    },
    { timeoutMs: 60_000 },
  ).catch((error: unknown) => assert.fail(`${String(error)} Seen: ${seen.join(', ')}`));
  return seen;
}

beforeEach(() => {
  instances = [];
});

describe('with a pinned key', () => {
  test('a release that rolls reads rolling, then verified, and at no time anything worse', async (t) => {
    for (let index = 0; index < 3; index += 1) await startInstance(t, 'old', OLD);
    const services = watch(t, { minimum_sequence: 12 });
    await until(services, 'verified 3 of 3');
    assert.equal(sourceOf(services).release?.version, '1.3.0');
    const seen: string[] = [];
    for (const [index, instance] of instances.entries()) {
      // The first time it is asked it does not say what was signed.
      instance.silent = 1;
      restart(instance, 'new', NEW);
      seen.push(...(await until(services, index < 2 ? `rolling ${index + 1} of 3` : 'verified 3 of 3')));
      if (index < 2) assert.equal(sourceOf(services).odd.length, 2 - index);
    }
    assert.ok(
      seen.every((one) => one.startsWith('rolling') || one.startsWith('verified')),
      seen.join(),
    );
    assert.equal(sourceOf(services).release?.version, '1.4.0');
    assert.ok(services.views().every(({ verdict }) => verdict.status === 'healthy'));
  });

  test('one that was edited is told by its name, also where it shows the statement of the release', async (t) => {
    for (let index = 0; index < 3; index += 1) await startInstance(t, 'new', NEW);
    const services = watch(t, {});
    await until(services, 'verified 3 of 3');
    const edited = instances[1] ?? assert.fail();
    restart(edited, 'edited', NEW);
    await until(services, 'mismatched 2 of 3');
    assert.deepEqual(sourceOf(services).odd, [edited.host.target]);
    assert.equal(services.views()[0]?.verdict.status, 'healthy');
    const names = instances.map(({ host }) => host.target).toSorted();
    assert.equal(cellsOf(services).indexOf('!'), names.indexOf(edited.host.target));
    assert.equal(cellsOf(services).replace('!', '='), '===');
    restart(edited, 'new', NEW);
    await until(services, 'verified 3 of 3');
  });

  for (const [what, statement, code] of [
    ['forged', signRelease('new', strangers, { sequence: 14 }), 'E_UNKNOWN_KEY'],
    [
      'changed afterwards',
      NEW.replace(/"payload":"[^"]*"/, `"payload":"${Buffer.from('{}').toString('base64')}"`),
      'E_UNKNOWN_KEY',
    ],
    [
      'expired at its start',
      signRelease('new', keys, { expires: new Date(Date.now() - 1_000) }),
      'E_EXPIRED',
    ],
    ['older than is pinned', signRelease('new', keys, { sequence: 11 }), 'E_SEQUENCE'],
  ] as const) {
    test(`a statement that is ${what} is told with the instance`, async (t) => {
      await startInstance(t, 'new', NEW);
      const other = await startInstance(t, 'new', statement);
      const services = watch(t, { minimum_sequence: 12 });
      await until(services, 'mismatched 2 of 2');
      const { refused, odd } = sourceOf(services);
      assert.deepEqual(refused, [{ instance: other.host.target, code }]);
      assert.deepEqual(odd, [other.host.target]);
      assert.deepEqual(cellsOf(services).split('').toSorted(), ['!', '=']);
      const shown = services.detail('orders')?.instances.map(({ signed }) => signed?.kind);
      assert.deepEqual(shown?.toSorted(), ['believed', 'refused']);
    });
  }

  test('one that expires while it is watched is told then', async (t) => {
    await startInstance(t, 'new', signRelease('new', keys, { expires: new Date(Date.now() + 6_000) }));
    const services = watch(t, {});
    await until(services, 'mismatched 1 of 1');
    assert.equal(sourceOf(services).refused[0]?.code, 'E_EXPIRED');
  });

  test('the statement of a portal-server is found where it has it, and each start is asked once', async (t) => {
    const instance = await startInstance(t, 'new', NEW);
    instance.place = '/v1/admin/integrity/statement';
    const services = watch(t, {});
    await until(services, 'verified 1 of 1');
    const polls = instance.host.requests();
    await waitFor('more polls', () => instance.host.requests() >= polls + 3, { timeoutMs: 60_000 });
    assert.deepEqual(instance.asked, [
      '/health/statement Bearer secret',
      '/v1/admin/integrity/statement Bearer secret',
    ]);
  });

  test('a page that is answered to everything is no statement', async (t) => {
    (await startInstance(t, 'new', '<h1>Shop</h1>')).asked = [];
    await startInstance(t, 'new', NEW);
    await until(watch(t, {}), 'verified 2 of 2');
  });

  test('another key in the same file counts for what is shown already', async (t) => {
    const path = file('release.pub', strangers.publicPem);
    await startInstance(t, 'new', signRelease('new', strangers));
    const services = watch(t, { keys: [path] });
    writeFileSync(path, strangers.publicPem);
    await until(services, 'verified 1 of 1');
    writeFileSync(path, keys.publicPem + '\n');
    await until(services, 'mismatched 1 of 1');
    assert.equal(sourceOf(services).refused[0]?.code, 'E_UNKNOWN_KEY');
  });

  test('a statement at the watcher says what is expected of instances that show none', async (t) => {
    const path = file('released', OLD);
    const instance = await startInstance(t, 'old', null);
    const other = await startInstance(t, 'old', null);
    const services = watch(t, { statement: path });
    await until(services, 'verified 2 of 2');
    writeFileSync(path, NEW);
    await until(services, 'rolling 0 of 2');
    restart(instance, 'new', null);
    await until(services, 'rolling 1 of 2');
    assert.deepEqual(sourceOf(services).odd, [other.host.target]);
    writeFileSync(path, 'no statement');
    await until(services, 'mismatched 1 of 2');
    assert.deepEqual(sourceOf(services).refused, [{ instance: null, code: 'E_ENVELOPE' }]);
  });
});

describe('where nobody says what is expected', () => {
  test('all that is equal agrees, and is not asked for a statement', async (t) => {
    const [one] = [await startInstance(t, 'x', NEW), await startInstance(t, 'x', NEW)];
    const services = watch(t, undefined);
    await until(services, 'agreed 2 of 2');
    assert.equal(cellsOf(services), '');
    restart(one, 'y', NEW);
    await until(services, 'rolling 1 of 2');
    assert.deepEqual(cellsOf(services).split('').toSorted(), ['!', '=']);
    one.hash = null;
    await until(services, 'agreed 1 of 1');
    assert.deepEqual(cellsOf(services).split('').toSorted(), ['-', '=']);
    assert.equal(sourceOf(services).notReported, 1);
    assert.deepEqual(one.asked, []);
  });

  test('whoever does not know the watcher is not asked either', async (t) => {
    const instance = await startInstance(t, 'new', NEW);
    const services = watch(t, {}, false);
    await until(services, 'agreed 1 of 1');
    assert.deepEqual(instance.asked, []);
  });
});
