/**
 * One loss among three watchers and two Alertmanagers, with incidents that begin one after the other, so that it meets each of
 * them at another moment: `node fleet-watchers-scene.js LOSS up|away`, where the second says how the stores of all watchers
 * are; `away` is also the disk of those that are not lost, until it is back. Prints what of all that was told is wrong.
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { messageData, waitFor } from 'portal-test-kit';
import {
  LOOKS_EVERY_MS,
  startWatchers,
  type Watcher,
  type WatchersFixture,
} from './fleet-watchers-fixture.js';
import { LOSSES, type Loss, type Stores, type WatchersResult } from './fleet-watchers-losses.js';
import { judgeMessages, judgePlainMessages, toldOf } from './fleet-watchers-judge.js';

const INCIDENTS = 36;
/** As many have begun when something is lost. */
const AT_LOSS = 32;
const EVERY_MS = 3_500;
const LAST_MS = 24_000;
/** Longer than the others take to tell an end. */
const AWAY_MS = 75_000;
/** Of it all after the last incident: polls, the silence before an end is told, the look of an Alertmanager, and a busy machine. */
const PATIENCE = { timeoutMs: 420_000, everyMs: 500 };
/** Within which a second message would have come. */
const HOLD_MS = 2 * LOOKS_EVERY_MS;

const [loss = 'watcher-killed', stores = 'up'] = process.argv.slice(2) as [Loss?, Stores?];
const beganMs = performance.now();
const names = Array.from({ length: INCIDENTS }, (_, index) => `service-${index}`);
const seconds = (): number => Math.round((performance.now() - beganMs) / 1_000);

function say(line: string): void {
  const time = new Date().toISOString().slice(11, 23);
  process.stderr.write(`${time} ${String(seconds()).padStart(4)} s  ${loss}, stores ${stores}: ${line}\n`);
}

/** One outage before, which each of them tells to its end: from then on they have a history. */
async function warmUp({ watchers, receiver, tell }: WatchersFixture): Promise<void> {
  const isTold = (type: string) => (): boolean =>
    watchers.every(({ path }) =>
      receiver.accepted.some(
        (message) =>
          message.path === path &&
          message.json['type'] === type &&
          messageData(message)['service'] === 'before',
      ),
    );
  // Past what is not told after a start.
  await sleep(15_000);
  tell('before', false);
  await waitFor('the begin of one before', isTold('incident.began'), PATIENCE);
  tell('before', true);
  await waitFor('the end of one before', isTold('incident.ended'), PATIENCE);
}

/** @returns what brings it back */
async function lose({ watchers, alertmanagers }: WatchersFixture): Promise<() => Promise<unknown>> {
  const [watcher, alertmanager] = [watchers.at(-1), alertmanagers[0]];
  if (!watcher || !alertmanager) throw new TypeError('They were started.');
  const ways: Readonly<Record<Loss, () => Promise<() => Promise<unknown>>>> = {
    'watcher-killed': async () => {
      await watcher.process().stop('SIGKILL');
      return () => watcher.start();
    },
    'watcher-frozen': async () => {
      watcher.process().signal('SIGSTOP');
      return async () => watcher.process().signal('SIGCONT');
    },
    'watcher-cut-off': async () => {
      await Promise.all([watcher.fault('rest', 'drop'), watcher.fault('stores', 'blackhole')]);
      return async () => {
        await watcher.fault('stores', stores === 'away' ? 'refuse' : undefined);
        await watcher.fault('rest', undefined);
      };
    },
    'alertmanager-killed': async () => {
      await alertmanager.kill();
      return async () => undefined;
    },
    'alertmanager-frozen': async () => {
      process.kill(alertmanager.pid, 'SIGSTOP');
      return async () => process.kill(alertmanager.pid, 'SIGCONT');
    },
    'alertmanagers-cut': async () => {
      await Promise.all(alertmanagers.map((one) => one.cutOff()));
      return () => Promise.all(alertmanagers.map((one) => one.rejoin()));
    },
  };
  return ways[loss]();
}

/** Those that are not lost. */
function others(watchers: readonly Watcher[]): readonly Watcher[] {
  return loss.startsWith('watcher') ? watchers.slice(0, -1) : watchers;
}

/** What a full disk does to a writer. */
async function limitFiles(watchers: readonly Watcher[], bytes: string): Promise<void> {
  for (const watcher of watchers)
    await promisify(execFile)('prlimit', ['--pid', String(watcher.process().pid), `--fsize=${bytes}:`]);
}

async function play(fixture: WatchersFixture): Promise<WatchersResult> {
  const { watchers, receiver, tell } = fixture;
  await warmUp(fixture);
  if (stores === 'away') {
    await Promise.all(watchers.map((one) => one.fault('stores', 'refuse')));
    await limitFiles(others(watchers), '1');
  }
  say('they watch');
  const begins: number[] = [];
  const lives = names.map(async (name, index) => {
    await sleep(index * EVERY_MS);
    begins.push(Date.now());
    tell(name, false);
    await sleep(LAST_MS);
    tell(name, true);
  });
  await sleep((AT_LOSS - 0.5) * EVERY_MS);
  const lostAt = Date.now();
  const moments = begins.map((at) => Math.round((lostAt - at) / 1_000));
  const bringBack = await lose(fixture);
  say('it is lost');
  await sleep(AWAY_MS);
  await bringBack();
  await limitFiles(others(watchers), 'unlimited');
  say('it is back');
  await Promise.all(lives);
  /** For how long every one has been over at the receiver: an Alertmanager that was away may tell more. */
  let overSinceMs: number | undefined;
  const isOverForGood = (): boolean => {
    const isOver = names.every((name) => toldOf(receiver, name).at(-1)?.status === 'resolved');
    overSinceMs = isOver ? (overSinceMs ?? performance.now()) : undefined;
    return overSinceMs !== undefined && performance.now() - overSinceMs >= HOLD_MS;
  };
  await waitFor('the end of each', isOverForGood, PATIENCE).catch(() => say('not every end was told'));
  const paths = watchers.map(({ path }) => path);
  const lost = loss.startsWith('watcher') ? paths.at(-1) : undefined;
  const wrong = [
    ...judgeMessages(receiver, names, LOSSES[loss], loss === 'alertmanager-killed' ? lostAt : undefined),
    ...judgePlainMessages(receiver, names, paths, lost),
    ...judgePlainMessages(receiver, ['before'], paths, undefined),
  ];
  return { moments, wrong, seconds: seconds() };
}

const fixture = await startWatchers([...names, 'before']);
// An interrupted run leaves no process behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void fixture.close().finally(() => process.exit(130)));
}
try {
  const result = await play(fixture);
  say(result.wrong.length === 0 ? 'as it must be' : result.wrong.join('\n'));
  process.stdout.write(JSON.stringify(result));
  process.exitCode = result.wrong.length === 0 ? 0 : 1;
} finally {
  await fixture.close();
}
