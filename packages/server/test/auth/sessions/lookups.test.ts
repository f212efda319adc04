/**
 * Who vouches for a session in every state of the probe, of the connection, and of what was told meanwhile; with a record
 * that answers when the test says so.
 */
import assert from 'node:assert/strict';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { createLookups } from '../../../src/auth/sessions/lookups.js';
import { createSessionFallback } from '../../../src/auth/sessions/session-fallback.js';
import type { LiveSession } from '../../../src/auth/sessions/session.js';
import { tokenHash, newToken } from '../../../src/auth/sessions/token.js';

const ADMIN = {
  id: 1,
  userId: 2,
  userName: 'ada',
  permission: 2,
  expiresAtMs: 1_772_323_200_000,
  remainingMs: 86_400_000,
} as const;
/** So short that nothing is waited for, and so long that a test which answers is in time. */
const DEADLINE_MS = 200;

type SessionTable = Map<string, LiveSession>;

/** A database with its probe, as the look-ups see them. */
function createWorld() {
  const world = {
    /** The live sessions. */
    record: new Map() as SessionTable,
    answers: true,
    isAway: false,
    isConnected: true,
    questions: [] as (readonly string[])[],
    late: 0,
    silences: 0,
    held: [] as (() => void)[],
    /** Whether answers wait for `release`. */
    hold: false,
    release() {
      for (const go of world.held.splice(0)) go();
    },
  };
  const lookups = createLookups({
    load(hashes) {
      world.questions.push(hashes);
      if (!world.answers) return new Promise(() => undefined);
      // The record is read when the question arrives there, and the answer may take its time.
      const found = new Map([...world.record].filter(([hash]) => hashes.includes(hash)));
      return world.hold
        ? new Promise((resolve) => world.held.push(() => resolve(found)))
        : Promise.resolve(found);
    },
    isConnected: () => world.isConnected,
    isAway: () => world.isAway,
    fallback: createSessionFallback(60_000),
    deadlineMs: DEADLINE_MS,
    onLate: () => (world.late += 1),
    onSilence: () => (world.silences += 1),
  });

  /** What the page finds for this token: who vouches for it, or what else was found. */
  async function page(token: string, fromFallback = true): Promise<string> {
    const found = await lookups.find([token], { fromFallback });
    return found === 'late' ? 'late' : (found[0]?.source ?? 'none');
  }

  /** A session of an administrator. */
  function signIn(session: LiveSession = ADMIN): string {
    const token = newToken();
    world.record.set(tokenHash(token), session);
    return token;
  }

  function freeze(): void {
    Object.assign(world, { answers: false, isAway: true, isConnected: false });
  }
  return { world, lookups, page, signIn, freeze };
}

describe('what is remembered counts', () => {
  test('only while the probe says so: an answer that is late is neither yes nor no, and makes the probe look', async () => {
    const { world, page, signIn } = createWorld();
    const token = signIn();
    assert.equal(await page(token), 'database');
    world.answers = false;
    assert.equal(await page(token), 'late');
    assert.equal(await page(newToken()), 'late');
    assert.deepEqual([world.late, world.silences], [2, 1]);
  });

  test('from the word of the probe on at once, for whoever was in, and for nobody else', async () => {
    const { world, page, signIn, freeze } = createWorld();
    const token = signIn();
    const unseen = signIn();
    const user = signIn({ ...ADMIN, permission: 1 });
    assert.deepEqual([await page(token), await page(user)], ['database', 'database']);
    freeze();
    const asked = world.questions.length;
    assert.equal(await page(token), 'memory');
    assert.deepEqual(
      [await page(unseen), await page(user), await page(newToken())],
      ['none', 'none', 'none'],
    );
    assert.equal(world.questions.length, asked, 'what is away is not asked');
  });

  test('never for what is done', async () => {
    const { page, signIn, freeze } = createWorld();
    const token = signIn();
    await page(token);
    freeze();
    assert.equal(await page(token, false), 'late');
    assert.equal(await page(newToken(), false), 'none');
  });

  test('not where the record answers all the same, whatever its probe says', async () => {
    const { world, page, signIn } = createWorld();
    const token = signIn();
    await page(token);
    world.isAway = true;
    assert.equal(await page(token), 'database');
    world.record.clear();
    assert.equal(await page(token), 'none');
  });

  test('after one question that was not answered, and no longer than that', async () => {
    const { world, lookups, page, signIn } = createWorld();
    const token = signIn();
    await page(token);
    Object.assign(world, { isAway: true, hold: true });
    assert.equal(await page(token), 'memory');
    assert.equal(await page(token), 'memory');
    assert.equal(world.questions.length, 2);
    world.hold = false;
    world.release();
    await turn();
    assert.equal(await page(token), 'database', 'the answer came after all');
    world.answers = false;
    assert.equal(await page(token), 'memory');
    world.answers = true;
    lookups.reached();
    assert.equal(lookups.isAway(), false);
  });
});

describe('a change that is told', () => {
  test('makes memory forget, until one question about all of it has confirmed it', async () => {
    const { world, lookups, page, signIn, freeze } = createWorld();
    const [ended, lives] = [signIn(), signIn()];
    await Promise.all([page(ended), page(lives)]);
    world.record.delete(tokenHash(ended));
    lookups.changed();
    await turn();
    await turn();
    assert.deepEqual(new Set(world.questions.at(-1)), new Set([tokenHash(ended), tokenHash(lives)]));
    assert.equal(world.questions.length, 2);
    freeze();
    assert.deepEqual([await page(ended), await page(lives)], ['none', 'memory']);
  });

  test('also while the probe says down', async () => {
    const { world, lookups, page, signIn } = createWorld();
    const token = signIn();
    await page(token);
    Object.assign(world, { isAway: true, isConnected: false });
    assert.equal(await page(token), 'memory');
    world.record.clear();
    world.hold = true;
    lookups.changed();
    assert.equal(await page(token), 'late', 'not believed until confirmed');
    await turn();
    world.release();
    await turn();
    assert.equal(await page(token), 'none');
  });

  test('that comes late, when nobody can confirm anything: what is forgotten stays forgotten, and nobody is called a stranger for it', async () => {
    const { world, lookups, page, signIn, freeze } = createWorld();
    const token = signIn();
    await page(token);
    freeze();
    assert.equal(await page(token), 'memory');
    lookups.changed();
    // Longer than the question that should confirm it may take.
    const untilMs = performance.now() + 1_500;
    while (performance.now() < untilMs) {
      assert.equal(await page(token), 'late');
      await sleep(20);
    }
    assert.equal(world.questions.length, 2);
    assert.equal(await page(newToken()), 'none');
  });

  test('is not undone by what was asked before it', async () => {
    const { world, lookups, page, signIn, freeze } = createWorld();
    const token = signIn();
    world.hold = true;
    const asked = page(token);
    await turn();
    world.record.clear();
    lookups.changed();
    world.release();
    assert.equal(await asked, 'database', 'for the request that came before it');
    freeze();
    assert.equal(await page(token), 'none');
  });

  test('and one that this process makes is not either', async () => {
    const { world, lookups, page, signIn, freeze } = createWorld();
    const token = signIn();
    world.hold = true;
    const asked = page(token);
    await turn();
    lookups.ended([tokenHash(token)]);
    world.release();
    await asked;
    freeze();
    assert.equal(await page(token), 'none');
  });

  test('told a thousand times costs few questions', async () => {
    const { world, lookups, page, signIn } = createWorld();
    await page(signIn());
    for (let word = 0; word < 1_000; word += 1) {
      lookups.changed();
      await turn();
    }
    assert.ok(world.questions.length < 50, String(world.questions.length));
    lookups.close();
  });
});

test('several tokens are one question', async () => {
  const { world, lookups, signIn } = createWorld();
  const tokens = [newToken(), signIn(), newToken(), signIn({ ...ADMIN, id: 5 })];
  const found = await lookups.find(tokens, { fromFallback: true });
  assert.deepEqual(found === 'late' ? [] : found.map(({ session }) => session.id), [1, 5]);
  assert.equal(world.questions.length, 1);
});

test('whom to count is known of whoever was seen, and of nobody who is gone', async () => {
  const { world, lookups, page, signIn } = createWorld();
  const token = signIn({ ...ADMIN, permission: 0, id: 7 });
  assert.equal(lookups.lastSeen(token), undefined);
  await page(token);
  lookups.changed();
  assert.equal(lookups.lastSeen(token), 7);
  world.record.clear();
  await page(token);
  assert.equal(lookups.lastSeen(token), undefined);
});

test('whoever has just signed in is known, and let in by nobody but the record', async () => {
  const { world, lookups, page, freeze } = createWorld();
  const token = newToken();
  lookups.begun(token, ADMIN);
  assert.equal(lookups.lastSeen(token), ADMIN.id);
  assert.equal(await page(token), 'none', 'the record knows better');
  assert.equal(lookups.lastSeen(token), undefined);
  lookups.begun(token, ADMIN);
  freeze();
  assert.equal(await page(token), 'none');
  assert.equal(world.questions.length, 1);
});
