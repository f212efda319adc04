import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test, type TestContext } from 'node:test';
import { waitFor } from 'portal-test-kit';
import type { Discovered } from '../../../src/fleet/discovery/discovered.js';
import { createDiscovery } from '../../../src/fleet/discovery/discovery.js';
import {
  bookmark,
  event,
  slice,
  sliceList,
  startApiServer,
  status,
  TOKEN,
  type ApiServer,
} from './api-server.js';

const ONE = { name: 'stock-1', address: '10.1.0.1', ready: true, terminating: false };
const TWO = { name: 'stock-2', address: '10.1.0.2', ready: true, terminating: false };

interface Scene {
  readonly api: ApiServer;
  /** The last result: targets, or the code and the cause. */
  readonly read: () => string;
  results(): readonly Discovered[];
}

async function start(
  t: TestContext,
  prepare: (api: ApiServer) => void,
  port?: string | number,
): Promise<Scene> {
  const api = await startApiServer();
  prepare(api);
  const results: Discovered[] = [];
  const discovery = createDiscovery({
    discover: { kind: 'kubernetes', namespace: 'prod', service: 'stock', port },
    cluster: api.cluster,
    everyMs: 200,
    onResult: (found) => results.push(found),
  });
  t.after(async () => {
    discovery.close();
    await api.close();
  });
  return {
    api,
    results: () => results,
    read() {
      const last = results.at(-1);
      return last?.kind === 'list' ? last.targets.join(' ') : `${last?.code} ${last?.cause}`;
    },
  };
}

function listing(...slices: readonly unknown[]): ApiServer['list'] {
  return () => ({ status: 200, body: sliceList(slices, '100') });
}

async function until({ read }: Scene, expected: string): Promise<void> {
  await waitFor(expected, () => read() === expected).catch((error: unknown) =>
    assert.fail(`${String(error)} ${read()}`),
  );
}

describe('a list by EndpointSlices', () => {
  test('has the pods with their names, also those that are not ready; not those that end', async (t) => {
    const scene = await start(t, (api) => {
      api.list = listing(
        slice({
          pods: [
            ONE,
            { name: 'unready', address: '10.1.0.3', ready: false, terminating: false },
            { name: 'unknown', address: '10.1.0.4' },
            { name: 'ending', address: '10.1.0.5', ready: false, terminating: true },
          ],
        }),
      );
    });
    await until(scene, '10.1.0.1:8080 10.1.0.3:8080 10.1.0.4:8080');
    const last = scene.results().at(-1);
    assert.deepEqual(last?.kind === 'list' && [...(last.pods ?? [])], [
      ['10.1.0.1:8080', 'stock-1'],
      ['10.1.0.3:8080', 'unready'],
      ['10.1.0.4:8080', 'unknown'],
    ]);
    const [first] = scene.api.asked;
    assert.deepEqual(
      [first?.path, first?.query.get('labelSelector'), first?.token],
      ['/apis/discovery.k8s.io/v1/namespaces/prod/endpointslices', 'kubernetes.io/service-name=stock', TOKEN],
    );
  });

  test('has each pod once: in two slices, and in both families', async (t) => {
    const scene = await start(t, (api) => {
      api.list = listing(
        slice({
          name: 'b',
          family: 'IPv6',
          pods: [
            { ...ONE, address: 'fd00::1' },
            { ...TWO, name: 'v6-only', address: 'fd00::2' },
          ],
        }),
        slice({ name: 'a', pods: [ONE] }),
        slice({ name: 'c', pods: [ONE, { ...TWO, terminating: true }] }),
        slice({ name: 'd', pods: [TWO] }),
      );
    });
    await until(scene, '10.1.0.1:8080 10.1.0.2:8080 [fd00::2]:8080');
  });

  test('is read in pages, by one version', async (t) => {
    const scene = await start(t, (api) => {
      api.list = (query) => ({
        status: 200,
        body:
          query.get('continue') === 'to/the=next'
            ? sliceList([slice({ name: 'b', pods: [TWO] })], '100')
            : sliceList([slice({ name: 'a', pods: [ONE] })], '100', 'to/the=next'),
      });
    });
    await until(scene, '10.1.0.1:8080 10.1.0.2:8080');
    assert.ok(scene.api.asked.every(({ query }) => query.has('watch') || Number(query.get('limit')) === 500));
  });

  test('begins anew where a page has expired', async (t) => {
    let tries = 0;
    const scene = await start(t, (api) => {
      api.list = (query) => {
        if (query.has('continue')) {
          tries += 1;
          return tries === 1
            ? { status: 410, body: status(410, 'Expired') }
            : { status: 200, body: sliceList([slice({ name: 'b', pods: [TWO] })], '101') };
        }
        return { status: 200, body: sliceList([slice({ name: 'a', pods: [ONE] })], '100', 'more') };
      };
    });
    await until(scene, '10.1.0.1:8080 10.1.0.2:8080');
  });

  test('of a Service without pods is empty, and so without a port', async (t) => {
    const scene = await start(t, (api) => {
      api.list = listing(slice({ pods: [], ports: null }));
    });
    await until(scene, '');
  });

  const several = [
    { name: 'http', protocol: 'TCP', port: 8080 },
    { name: 'metrics', port: 9090 },
    { name: 'dns', protocol: 'UDP', port: 53 },
  ];
  for (const [port, expected] of [
    [undefined, 'FLEET_DISCOVERY_FAILED an EndpointSlice has several ports: name one by port'],
    ['metrics', '10.1.0.1:9090'],
    ['dns', 'FLEET_DISCOVERY_FAILED an EndpointSlice has no such port of TCP'],
    [7000, '10.1.0.1:7000'],
  ] as const) {
    test(`of several ports, asked for ${String(port)}: ${expected}`, async (t) => {
      const prepare = (api: ApiServer): void => {
        api.list = listing(slice({ ports: several, pods: [ONE] }));
      };
      await until(await start(t, prepare, port), expected);
    });
  }

  for (const [what, list, cause] of [
    [
      '403, without the role',
      () => ({ status: 403, body: status(403, 'Forbidden') }),
      'Kubernetes answered with 403',
    ],
    ['500', () => ({ status: 500, body: {} }), 'Kubernetes answered with 500'],
    ['a redirect', () => ({ status: 302, body: {} }), 'Kubernetes answered with 302'],
    ['no list', () => ({ status: 200, body: [] }), 'Kubernetes answered with no list'],
    [
      'no slice',
      () => ({ status: 200, body: sliceList([{ metadata: {} }], '1') }),
      'an EndpointSlice is none',
    ],
    [
      'an address that is none',
      listing(slice({ pods: [{ ...ONE, address: 'a/b' }] })),
      'a target of the list is not host:port',
    ],
  ] as const) {
    test(`${what} is a failure and no empty list`, async (t) => {
      const scene = await start(t, (api) => {
        api.list = list;
      });
      await until(scene, `FLEET_DISCOVERY_FAILED ${cause}`);
    });
  }

  test('is refused by another authority, and read again once the pod has its certificate', async (t) => {
    const scene = await start(t, (api) => {
      api.list = listing(slice({ pods: [ONE] }));
    });
    await until(scene, '10.1.0.1:8080');
    await scene.api.replaceCertificate();
    await waitFor('the refusal', () => scene.read().startsWith('FLEET_DISCOVERY_FAILED DEPTH_ZERO'));
    scene.api.trustCertificate();
    await until(scene, '10.1.0.1:8080');
  });

  test('goes on with a token that has been replaced', async (t) => {
    const scene = await start(t, (api) => {
      api.list = listing(slice({ pods: [ONE] }));
    });
    await until(scene, '10.1.0.1:8080');
    scene.api.writeToken('another-token');
    scene.api.list = listing(slice({ pods: [TWO] }));
    await until(scene, '10.1.0.2:8080');
    assert.ok(scene.api.asked.some(({ token }) => token === 'another-token'));
  });
});

describe('a watch of EndpointSlices', () => {
  /** With the first watch open, and how to say more on it. */
  async function watching(
    t: TestContext,
  ): Promise<Scene & { readonly say: (text: string) => void; end(): void }> {
    const watches: ServerResponse[] = [];
    const scene = await start(t, (api) => {
      api.list = listing(slice({ pods: [ONE] }));
      api.watch = (response) => void watches.push(response);
    });
    await waitFor('a watch', () => watches.length > 0);
    return {
      ...scene,
      say: (text) => void watches.at(-1)?.write(text),
      end: () => void watches.at(-1)?.end(),
    };
  }
  const lists = ({ api }: Scene): number => api.asked.filter(({ query }) => !query.has('watch')).length;

  test('tells changes as they come, also in pieces, and goes on from the last version', async (t) => {
    const scene = await watching(t);
    const watch = scene.api.asked.find(({ query }) => query.has('watch'));
    assert.deepEqual(
      ['resourceVersion', 'allowWatchBookmarks', 'timeoutSeconds'].map((key) => watch?.query.get(key)),
      ['100', 'true', '1'],
    );
    scene.say(event('ADDED', slice({ name: 'z', version: '110', pods: [TWO] })));
    await until(scene, '10.1.0.1:8080 10.1.0.2:8080');
    const modified = event(
      'MODIFIED',
      slice({ version: '111', pods: [{ ...ONE, name: 'ü', terminating: true }] }),
    );
    scene.say(modified.slice(0, 40));
    scene.say(modified.slice(40));
    await until(scene, '10.1.0.2:8080');
    scene.say(event('DELETED', slice({ name: 'z', version: '112', pods: [TWO] })) + bookmark('150'));
    await until(scene, '');
    scene.end();
    await waitFor('the next watch, from the bookmark', () =>
      scene.api.asked.some(({ query }) => query.get('resourceVersion') === '150'),
    );
    assert.equal(lists(scene), 1);
  });

  for (const [what, lose] of [
    ['is told 410 Gone', (say: (text: string) => void) => say(event('ERROR', status(410, 'Expired')))],
    ['is broken in the middle', (say: (text: string) => void) => say(`${bookmark('101')}{"type":"ADD\n`)],
    [
      'ends with an error',
      (say: (text: string) => void) => say(bookmark('101') + event('ERROR', status(500, 'Internal'))),
    ],
  ] as const) {
    test(`that ${what} is begun anew by a list, and is no failure`, async (t) => {
      const scene = await watching(t);
      scene.api.list = listing(slice({ version: '200', pods: [TWO] }));
      lose(scene.say);
      await until(scene, '10.1.0.2:8080');
      assert.ok(scene.results().every(({ kind }) => kind === 'list'));
    });
  }

  test('of a server that has ended keeps the last list, and is a failure once it cannot be listed either', async (t) => {
    const scene = await watching(t);
    scene.api.list = () => ({ status: 503, body: {} });
    scene.say(event('ERROR', status(410, 'Expired')));
    await until(scene, 'FLEET_DISCOVERY_FAILED Kubernetes answered with 503');
    scene.api.list = listing(slice({ pods: [TWO] }));
    await until(scene, '10.1.0.2:8080');
  });

  test('that may not be watched is listed on the interval', async (t) => {
    let refused = 0;
    const scene = await start(t, (api) => {
      api.list = listing(slice({ pods: [ONE] }));
      api.watch = (response) => {
        refused += 1;
        response.socket?.destroy();
      };
    });
    await waitFor('three watches', () => refused >= 3);
    assert.ok(scene.results().every(({ kind }) => kind === 'list'));
  });

  test('on a connection that died without a word is given up', async (t) => {
    const scene = await watching(t);
    scene.api.list = listing(slice({ pods: [TWO] }));
    await until(scene, '10.1.0.2:8080');
  });
});
