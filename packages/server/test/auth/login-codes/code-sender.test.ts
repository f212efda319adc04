/**
 * Who exists is not told by what comes after the answer. Shown by order and not by the clock; `bench/` measures it too.
 */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { createCodeSender, type CodeToSend } from '../../../src/auth/login-codes/code-sender.js';
import type { OutgoingMessage } from '../../../src/auth/login-codes/webhook-worker.js';

const SLOT_MS = 2_000;

function codeFor(askedFor: string, userName: string | undefined): CodeToSend {
  return {
    code: 'k7RmXw4P9sTq',
    userName,
    wasRequested: askedFor,
    address: '192.0.2.7',
    expiresAt: new Date(0),
  };
}

function startDelivery(pageUrl?: string) {
  const letters: OutgoingMessage[] = [];
  const delivery = createCodeSender({
    pageUrl,
    post: { send: (letter) => void letters.push(letter), close: () => Promise.resolve() },
    slotMs: SLOT_MS,
  });
  return { delivery, letters };
}

test('nothing is done before the next slot, which comes at its own time whatever waits', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const { delivery, letters } = startDelivery();
  mock.timers.tick(SLOT_MS - 1);
  delivery.send(codeFor('ada', 'Ada'));
  await new Promise(setImmediate);
  assert.deepEqual(letters, [], 'nothing between an answer and the next on its connection');
  mock.timers.tick(1);
  assert.equal(letters.length, 1);
  mock.timers.tick(SLOT_MS);
  assert.equal(letters.length, 1, 'once');
  await delivery.close();
});

test('a slot does the same for a code of nobody: a letter of the same length, handed over in the same order', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const { delivery, letters } = startDelivery();
  for (const [askedFor, userName] of [
    ['ada', 'Ada'],
    ['bob', undefined],
    ['eve', undefined],
    ['ADA', 'Ada'],
  ] as const) {
    delivery.send(codeFor(askedFor, userName));
  }
  mock.timers.tick(SLOT_MS);
  assert.deepEqual(
    letters.map(({ to, isForSomebody }) => [to, isForSomebody]),
    [
      ['Ada', true],
      ['bob', false],
      ['eve', false],
      ['Ada', true],
    ],
  );
  assert.equal(new Set(letters.map(({ body, id }) => `${body.length} ${id.length}`)).size, 1);
  await delivery.close();
});

test('where it is known where browsers find the page, a message has the link, for nobody as for somebody', (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const { delivery, letters } = startDelivery('https://status.example.org/portal');
  delivery.send(codeFor('ada', 'ada'));
  delivery.send(codeFor('bob', undefined));
  mock.timers.tick(SLOT_MS);
  const link = 'https://status.example.org/portal/#code=k7RmXw4P9sTq';
  for (const { body } of letters) {
    const { data, text } = JSON.parse(body) as {
      readonly data: { readonly link: string };
      readonly text: string;
    };
    assert.equal(data.link, link);
    assert.ok(text.includes(link));
  }
  assert.equal(letters.length, 2);
  assert.equal(letters[0]?.body.length, letters[1]?.body.length);
});
