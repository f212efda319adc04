/** The signed statement of the source, on the wire: administrators, and nobody else a byte of it. */
import { equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { createEndpoints } from '../../src/http/endpoints.js';
import type { HealthSource } from '../../src/source-option.js';
import { withHealth } from '../with-health.js';

const SAID = '{"payload":"c2VjcmV0"}';

function sourceThatSays(members: Partial<HealthSource>): HealthSource {
  return {
    start: () => Promise.resolve(),
    hash: 'ab'.repeat(32),
    problems: () => [],
    onChange: () => undefined,
    close: () => Promise.resolve(),
    ...members,
  };
}

type Who = { readonly who: string };
const byName = { viewer: ({ who }: Who) => who };

void test('an administrator reads it as it is; everybody else is told that there is nothing', async () => {
  await withHealth({ source: sourceThatSays({ statement: () => SAID }) }, async (health) => {
    const endpoints = createEndpoints<Who>(health, byName);
    async function ask(method: string, who: string) {
      const asked = endpoints.match(method, '/health/statement', undefined);
      return asked && endpoints.respond(asked, { who });
    }
    const { status, body, headers } = (await ask('GET', 'admin')) ?? {};
    equal(status, 200);
    equal(body, SAID);
    equal(headers?.['Content-Type'], 'application/json');
    equal(headers?.['Cache-Control'], 'private, no-store');
    equal((await ask('HEAD', 'admin'))?.body, '');
    equal((await ask('POST', 'admin'))?.status, 405);
    for (const method of ['GET', 'HEAD', 'POST']) {
      const refused = await ask(method, 'somebody');
      equal(refused?.status, 404);
      equal(refused?.body.includes('c2VjcmV0'), false);
    }
    equal(createEndpoints(health, {}).match('GET', '/health/statement', undefined), undefined);
    const closed = createEndpoints<Who>(health, { ...byName, paths: { statement: null } });
    equal(closed.match('GET', '/health/statement', undefined), undefined);
  });
});

for (const [what, members] of [
  ['shows none', { statement: () => null }],
  ['is of an older kind', {}],
  [
    'breaks',
    {
      statement: () => {
        throw new Error('no');
      },
    },
  ],
] as readonly (readonly [string, Partial<HealthSource>])[]) {
  void test(`a source that ${what} has nothing to read`, async () => {
    await withHealth({ source: sourceThatSays(members) }, async (health) => {
      const endpoints = createEndpoints<Who>(health, byName);
      const asked = endpoints.match('GET', '/health/statement', undefined);
      equal(asked && (await endpoints.respond(asked, { who: 'admin' })).status, 404);
    });
  });
}

void test('the state that a source knows of itself stands in the metrics, and one that breaks is unreadable', async () => {
  async function stateIn(members: Partial<HealthSource>): Promise<string | undefined> {
    let found: string | undefined;
    await withHealth({ source: sourceThatSays(members) }, async (health) => {
      const endpoints = createEndpoints<Who>(health, byName);
      const asked = endpoints.match('GET', '/metrics', undefined);
      const { body = '' } = (asked && (await endpoints.respond(asked, { who: 'admin' }))) ?? {};
      match(body, /^portal_source_info\{/m);
      found = /^portal_source_info\{.*state="(\w+)"\} 1$/m.exec(body)?.[1];
    });
    return found;
  }
  equal(await stateIn({ state: () => ({ state: 'verified' }) }), 'verified');
  equal(await stateIn({}), 'unsigned');
  equal(
    await stateIn({
      state: () => {
        throw new Error('no');
      },
    }),
    'unreadable',
  );
});
