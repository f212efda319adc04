/**
 * When incidents begin, worsen and end, what of it is announced, and that one history has one outcome.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ServiceUpdate } from '../../../src/fleet/fleet-update.js';
import { incidentId } from '../../../src/monitoring/incidents/incident.js';
import {
  fleetUpdate,
  INTERVAL_MS,
  serviceUpdate,
  SETTLE_MS,
  START,
  startTracker,
  type Letter,
} from './updates.js';

/** A letter a step of ten seconds. */
function play(tracked: ReturnType<typeof startTracker>, letters: string, from = 0): void {
  let since = START;
  for (const [index, letter] of letters.split('').entries()) {
    const seconds = from + index * 10;
    if (letter !== letters[index - 1]) since = START + seconds * 1_000;
    tracked.update(fleetUpdate(seconds, [serviceUpdate('orders', letter as Letter, { since })]));
  }
}

describe('an outage of one service', () => {
  test('begins, worsens and ends, each once', () => {
    const tracked = startTracker();
    play(tracked, 'hhddduuuddhhhh');
    assert.deepEqual(tracked.told(), [
      'began orders/health',
      'worsened orders/health',
      'ended orders/health',
    ]);
    const [incident] = tracked.incidents.values();
    assert.equal(incident?.id, incidentId('portal/prod/orders/health', 1));
    assert.equal(incident.worst, 'critical');
    assert.deepEqual(
      incident.causes.map(({ code, instance, beganAt, endedAt }) => [
        code,
        instance,
        beganAt - START,
        (endedAt ?? 0) - START,
      ]),
      [
        ['EVENT_LOOP_DELAYED', 'orders:80', 20_000, 100_000],
        ['DATABASE_UNREACHABLE', 'orders:80', 50_000, 80_000],
      ],
    );
  });

  test('the next one has the next generation, and another id', () => {
    const tracked = startTracker();
    play(tracked, 'hdhdh');
    assert.deepEqual(
      [...tracked.incidents.values()].map(({ generation }) => generation),
      [1, 2],
    );
    assert.equal(tracked.incidents.size, 2);
  });

  test('what is not known changes nothing', () => {
    const tracked = startTracker();
    play(tracked, 'hu????uh');
    assert.deepEqual(tracked.told(), ['began orders/health', 'ended orders/health']);
  });

  test('one that is no longer watched has no incident any more', () => {
    const tracked = startTracker();
    play(tracked, 'hu');
    tracked.update(fleetUpdate(30, [serviceUpdate('other', 'h')]));
    assert.deepEqual(tracked.told(), ['began orders/health', 'ended orders/health']);
  });

  test('to and fro is one incident more, which folds the others until it is quiet', () => {
    const tracked = startTracker();
    play(tracked, 'hdhdhdhdhdhdhdhdh');
    assert.deepEqual(tracked.told().slice(0, 6), [
      'began orders/health',
      'ended orders/health',
      'began orders/health',
      'ended orders/health',
      'began orders/health',
      'began orders/flapping',
    ]);
    assert.equal(tracked.notices.length, 6);
    const flapping = [...tracked.incidents.values()].find(({ kind }) => kind === 'flapping');
    assert.deepEqual(
      flapping?.causes.map(({ code, instance }) => [code, instance]),
      [['EVENT_LOOP_DELAYED', 'orders:80']],
      'what it is when it is not well, once: it comes back within a minute',
    );
    play(tracked, 'hhh', 1_100);
    assert.deepEqual(tracked.told().slice(6).toSorted(), ['ended orders/flapping', 'ended orders/health']);
  });
});

test('too few are an incident of their number, and of nothing else; a list that fails is one after five minutes', () => {
  const tracked = startTracker();
  const few = { status: 'degraded', codes: ['FLEET_TOO_FEW'], unwell: [] } as const;
  tracked.update(fleetUpdate(0, [serviceUpdate('orders', 'h', few)]));
  assert.deepEqual(tracked.told(), ['began orders/instances']);
  const none = { ...few, status: 'unhealthy', listed: 0, usable: 0 } as const;
  tracked.update(fleetUpdate(10, [serviceUpdate('orders', 'h', none)]));
  assert.deepEqual(tracked.told().at(-1), 'worsened orders/instances');
  const failed = serviceUpdate('orders', 'h', { codes: ['FLEET_DISCOVERY_FAILED'] });
  for (const seconds of [20, 120, 310]) tracked.updateLater(fleetUpdate(seconds, [failed]));
  assert.deepEqual(tracked.told().at(-1), 'ended orders/instances');
  tracked.updateLater(fleetUpdate(321, [failed]));
  assert.deepEqual(tracked.told().at(-1), 'began orders/discovery');
});

describe('a common cause', () => {
  const names = ['billing', 'invoices', 'mail', 'orders', 'stock'];
  const labels = { database: 'pg-1' };

  function all(letters: string): readonly ServiceUpdate[] {
    return names.map((name, index) =>
      serviceUpdate(name, (letters[index] ?? 'h') as Letter, { labels: { ...labels, team: name } }),
    );
  }

  test('of five services, which see it one after the other, is one message that lists all five, and one end', () => {
    const tracked = startTracker();
    for (const [index, letters] of ['hhhhh', 'uhhhh', 'uuhhh', 'uuuuu', 'uuuuu', 'uuuuu'].entries())
      tracked.update(fleetUpdate(index * 5, all(letters)));
    for (const [index, letters] of ['uuuuu', 'huuuu', 'hhhhu', 'hhhhh', 'hhhhh'].entries())
      tracked.update(fleetUpdate(60 + index * 10, all(letters)));
    assert.deepEqual(tracked.told(), ['began @cause/database/pg-1', 'ended @cause/database/pg-1']);
    assert.deepEqual(tracked.notices[0]?.incident.services.toSorted(), names);
    assert.equal(tracked.incidents.size, 6, 'each service keeps an incident of its own, which is not sent');
  });

  test('is none where one service alone has it, which waits two intervals for the others', () => {
    const tracked = startTracker();
    tracked.update(fleetUpdate(0, all('uhhhh')));
    tracked.updateLater(fleetUpdate(19, all('uhhhh')));
    assert.deepEqual(tracked.told(), []);
    tracked.update(fleetUpdate(20, all('uhhhh')));
    assert.deepEqual(tracked.told(), ['began billing/health']);
  });

  test('is none where the second comes much later', () => {
    const tracked = startTracker();
    tracked.update(fleetUpdate(0, all('uhhhh')));
    tracked.updateLater(fleetUpdate(40, all('uuhhh')));
    tracked.updateLater(fleetUpdate(70, all('uuhhh')));
    assert.deepEqual(tracked.told(), ['began billing/health', 'began invoices/health']);
  });

  test('hides no outage that goes on when it is over', () => {
    const tracked = startTracker();
    tracked.update(fleetUpdate(0, all('uuuuu')));
    tracked.updateLater(fleetUpdate(60, all('dhhhh')));
    assert.deepEqual(tracked.told(), ['began @cause/database/pg-1', 'ended @cause/database/pg-1']);
    tracked.updateLater(fleetUpdate(90, all('dhhhh')));
    assert.deepEqual(tracked.told().at(-1), 'began billing/health');
  });

  test('is none of services that share nothing', () => {
    const tracked = startTracker();
    tracked.update(fleetUpdate(0, [serviceUpdate('a', 'u'), serviceUpdate('b', 'u')]));
    assert.deepEqual(tracked.told(), ['began a/health', 'began b/health']);
  });
});

test('a blind watcher tells so, and nothing else, and ends nothing', () => {
  const tracked = startTracker();
  tracked.update(fleetUpdate(0, [serviceUpdate('orders', 'u'), serviceUpdate('stock', 'h')]));
  for (let seconds = 10; seconds <= 70; seconds += 1) {
    const services = [serviceUpdate('orders', '?'), serviceUpdate('stock', seconds > 40 ? 'u' : '?')];
    tracked.update(fleetUpdate(seconds, services, START + 10_000));
  }
  assert.deepEqual(tracked.told(), ['began orders/health', 'began @watcher/blind']);
  tracked.update(fleetUpdate(80, [serviceUpdate('orders', '?'), serviceUpdate('stock', '?')]));
  tracked.update(fleetUpdate(90, [serviceUpdate('orders', 'u'), serviceUpdate('stock', 'h')]));
  assert.deepEqual(tracked.told(), ['began orders/health', 'began @watcher/blind', 'ended @watcher/blind']);
});

test('after a start nothing is announced, and nothing is over, before there was time to look', () => {
  const first = startTracker();
  play(first, 'hu');
  const again = startTracker({ open: first.open(), startedAt: START + 20_000 });
  again.update(fleetUpdate(21, [serviceUpdate('orders', 'h'), serviceUpdate('stock', 'u')]));
  assert.deepEqual(again.told(), []);
  again.update(fleetUpdate(30, [serviceUpdate('orders', 'u'), serviceUpdate('stock', 'u')]));
  again.updateLater(
    fleetUpdate(20 + SETTLE_MS / 1_000, [serviceUpdate('orders', 'h'), serviceUpdate('stock', 'u')]),
  );
  assert.deepEqual(again.told(), ['ended orders/health', 'began stock/health']);
  assert.equal(again.notices[0]?.incident.id, first.notices[0]?.incident.id);
});

describe('what is open is only remembered', () => {
  /** A letter a second. */
  function look(tracked: ReturnType<typeof startTracker>, letter: Letter, from: number, to: number): void {
    for (let second = from; second < to; second += 1)
      tracked.update(fleetUpdate(second, [serviceUpdate('orders', letter)]));
  }

  test('from before a start, until it has been seen for as long as it would take to be seen well', () => {
    const first = startTracker();
    look(first, 'u', 0, 3);
    assert.deepEqual(first.remembered(), []);
    const again = startTracker({ open: first.open() });
    look(again, 'u', 60, 60 + SETTLE_MS / 1_000);
    assert.deepEqual(again.remembered(), ['orders/health']);
    look(again, 'u', 60 + SETTLE_MS / 1_000, 62 + SETTLE_MS / 1_000);
    assert.deepEqual(again.remembered(), []);
  });

  test('while it is not known, and after the watcher stood still', () => {
    const tracked = startTracker();
    look(tracked, 'u', 0, 3);
    look(tracked, '?', 3, 4);
    assert.deepEqual(tracked.remembered(), ['orders/health']);
    look(tracked, 'u', 4, 6 + SETTLE_MS / 1_000);
    assert.deepEqual(tracked.remembered(), []);
    look(tracked, 'u', 120, 121);
    assert.deepEqual(tracked.remembered(), ['orders/health']);
    look(tracked, 'h', 121, 122);
    assert.deepEqual(tracked.remembered(), [], 'it is over');
    look(tracked, 'u', 122, 123);
    assert.deepEqual(tracked.remembered(), [], 'it has begun anew, before its eyes');
  });
});

describe('what was known before the watcher stood still is not told', () => {
  const STOOD = 75;
  const SETTLED = STOOD + SETTLE_MS / 1_000;

  /** It is seen to be unwell, and before that is an incident, the watcher stands still. */
  function startStandstill() {
    let asked = 0;
    // Of the first look the number is not known yet.
    const tracked = startTracker({ generationOf: () => ((asked += 1) === 1 ? undefined : 1) });
    tracked.update(fleetUpdate(0, [serviceUpdate('orders', 'h')]));
    tracked.update(fleetUpdate(1, [serviceUpdate('orders', 'u')]));
    return tracked;
  }

  function look(
    tracked: ReturnType<typeof startTracker>,
    letter: Letter,
    from: number,
    to: number,
    blindSince: number | null = null,
  ): void {
    for (let second = from; second < to; second += 1)
      tracked.update(fleetUpdate(second, [serviceUpdate('orders', letter)], blindSince));
  }

  test('neither that it began, nor that it ended, where it is well by then', () => {
    const tracked = startStandstill();
    look(tracked, 'u', STOOD, STOOD + 12);
    look(tracked, 'h', STOOD + 12, SETTLED + 10);
    assert.deepEqual(tracked.told(), []);
    assert.equal(tracked.incidents.size, 1);
  });

  test('but what is still seen when it would be seen well', () => {
    const tracked = startStandstill();
    look(tracked, 'u', STOOD, SETTLED);
    assert.deepEqual(tracked.told(), []);
    look(tracked, 'u', SETTLED, SETTLED + 1);
    assert.deepEqual(tracked.told(), ['began orders/health']);
    assert.deepEqual(tracked.remembered(), []);
  });

  test('nor that it became worse', () => {
    const tracked = startTracker();
    look(tracked, 'd', 0, 2);
    look(tracked, 'u', STOOD, STOOD + 10);
    look(tracked, 'h', STOOD + 10, STOOD + 11);
    assert.deepEqual(tracked.told(), ['began orders/health', 'ended orders/health']);
  });

  test('nor what was known before it was blind, but of this service, which is in sight', () => {
    const tracked = startStandstill();
    look(tracked, '?', 2, 62, START + 2_000);
    look(tracked, 'u', 62, 70);
    look(tracked, 'h', 70, 120);
    assert.deepEqual(tracked.told(), ['began @watcher/blind', 'ended @watcher/blind']);

    const other = startTracker();
    for (const second of [0, 1]) {
      other.update(fleetUpdate(second, [], START), serviceUpdate('portal', second === 0 ? 'h' : 'u'));
    }
    assert.deepEqual(other.told(), ['began @watcher/blind', 'began portal/health']);
  });
});

const LETTERS = fc.constantFrom<Letter>('h', 'd', 'u', '?');
const HISTORY = fc.array(fc.record({ a: LETTERS, b: LETTERS, isBlind: fc.boolean() }), { maxLength: 60 });

function whole(history: readonly { readonly a: Letter; readonly b: Letter; readonly isBlind: boolean }[]) {
  const tracked = startTracker();
  for (const [index, { a, b, isBlind }] of history.entries()) {
    const labels = { database: 'pg' };
    const services = [serviceUpdate('a', a, { labels }), serviceUpdate('b', b, { labels })];
    tracked.update(fleetUpdate((index * INTERVAL_MS) / 1_000, services, isBlind ? START : null));
  }
  return tracked;
}

test('one history has one outcome: the same ids, the same messages, at every watcher', () => {
  fc.assert(
    fc.property(HISTORY, (history) => {
      const [one, other] = [whole(history), whole(history)];
      assert.deepEqual([...one.incidents.values()], [...other.incidents.values()]);
      assert.deepEqual(one.notices, other.notices);
    }),
  );
});

test('whatever happens, each incident is announced once at most, and ended only if it was', () => {
  fc.assert(
    fc.property(HISTORY, (history) => {
      const { notices, open, incidents } = whole(history);
      for (const id of incidents.keys()) {
        const types = notices.filter(({ incident }) => incident.id === id).map(({ type }) => type);
        assert.match(types.join(' '), /^(began( worsened)?( ended)?)?$/, id);
        const isOpen = open().some((incident) => incident.id === id);
        assert.equal(types.includes('ended'), types.includes('began') && !isOpen);
      }
      for (const { key } of open())
        assert.equal(open().filter((incident) => incident.key === key).length, 1, 'one of a key is open');
    }),
  );
});

describe('a pause', () => {
  test('nobody is told of what begins meanwhile; what is open at its end is told of then', () => {
    let isPaused = true;
    const tracked = startTracker({ isPaused: () => isPaused });
    play(tracked, 'hduuh');
    assert.deepEqual(tracked.told(), []);
    assert.equal(tracked.incidents.size, 1, 'and followed all the same');
    play(tracked, 'uu', 50);
    isPaused = false;
    play(tracked, 'uh', 70);
    assert.deepEqual(tracked.told(), ['began orders/health', 'ended orders/health']);
    assert.equal(tracked.incidents.size, 2);
  });

  test('what was told of before is ended meanwhile', () => {
    let isPaused = false;
    const tracked = startTracker({ isPaused: () => isPaused });
    play(tracked, 'hu');
    isPaused = true;
    play(tracked, 'uh', 20);
    assert.deepEqual(tracked.told(), ['began orders/health', 'ended orders/health']);
  });

  test('of one service is none of what it has in common with another', () => {
    const tracked = startTracker({ isPaused: ({ name }) => name === 'orders' });
    const both = ['orders', 'mail'].map((name) =>
      serviceUpdate(name, 'u', {
        labels: { database: 'pg-1' },
        codes: ['DATABASE_UNREACHABLE'],
        since: START,
      }),
    );
    for (const seconds of [0, 10, 20, 30]) tracked.update(fleetUpdate(seconds, both));
    assert.deepEqual(tracked.told(), ['began @cause/database/pg-1']);
  });

  test('the watcher is never paused', () => {
    const tracked = startTracker({ isPaused: () => true });
    tracked.update(fleetUpdate(0, [], START));
    assert.deepEqual(tracked.told(), ['began @watcher/blind']);
  });
});
