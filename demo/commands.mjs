// What one letter does. Each fault is its own opposite: the same letter again mends it.
import { readFile, writeFile } from 'node:fs/promises';
import pg from 'pg';
import { childrenOf, signalAll } from 'portal-dev-servers/processes';

/** @param fleet - what `startFleet` gives */
export function createCommands({ fleet, say }) {
  const { postgres, redis, replicas } = fleet;
  const pick = (service, index) => replicas.filter((replica) => replica.service === service)[index];
  const [killed, hung, slow] = [0, 1, 2].map((index) => pick('orders', index));
  const [leaking, changed] = [0, 1].map((index) => pick('billing', index));
  const lock = createLock(postgres.url);
  const rollout = createRollout(
    replicas.filter(({ service }) => service === 'billing'),
    say,
  );

  const faults = {
    p: fault('freeze Postgres', 'all replicas become unhealthy', {
      on: () => signalFamily(postgres.pid, 'SIGSTOP'),
      off: () => signalFamily(postgres.pid, 'SIGCONT'),
    }),
    ...(redis && {
      r: fault('freeze Redis', 'all replicas become degraded', {
        on: () => signalFamily(redis.pid, 'SIGSTOP'),
        off: () => signalFamily(redis.pid, 'SIGCONT'),
      }),
    }),
    k: fault(`kill ${killed.name}`, 'INSTANCE_REFUSED', {
      on: () => killed.signal('SIGKILL'),
      off: () => killed.launch(),
    }),
    h: fault(`hang ${hung.name}`, 'INSTANCE_TIMEOUT', {
      on: () => hung.signal('SIGSTOP'),
      off: () => hung.signal('SIGCONT'),
    }),
    s: fault(`slow ${slow.name} down`, 'EVENT_LOOP_DELAYED', {
      on: () => slow.tell('slow', true),
      off: () => slow.tell('slow', false),
    }),
    l: fault(
      `leak the connections of ${leaking.name}`,
      'DATABASE_POOL_SATURATED, then DATABASE_POOL_STALLED',
      {
        on: () => leaking.tell('leak', true),
        off: () => leaking.restart(),
      },
    ),
    q: fault(
      'open a lock queue on the table of orders',
      'DATABASE_POOL_SATURATED, then DATABASE_POOL_STALLED',
      {
        on: () => lock.take(),
        off: () => lock.release(),
      },
    ),
    f: fault(`change a file of ${changed.name}`, 'SOURCE_DRIFTED, within 20 s', {
      on: async () => writeFile(changed.app, `${await readFile(changed.app, 'utf8')}// changed\n`),
      off: () => changed.deploy(rollout.release()),
    }),
  };

  /** One at a time, in the order in which they were typed. */
  let last = Promise.resolve();

  async function toggle(one) {
    one.isOn = !one.isOn;
    say(one.isOn ? `${one.text}: ${one.shows}` : `mended: ${one.text}`);
    await (one.isOn ? one.on() : one.off());
  }

  async function perform(key) {
    if (key === '?') say(list());
    else if (key === 'n') rollout.begin();
    else if (key === 'm') for (const one of Object.values(faults)) await (one.isOn && toggle(one));
    else if (Object.hasOwn(faults, key)) await toggle(faults[key]);
    else say(`"${key}" is no command; ? lists them`);
  }

  function list() {
    const lines = Object.entries(faults).map(([key, { text, shows }]) => `  ${key}   ${text}: ${shows}`);
    return [
      'Each letter breaks something; the same letter again mends it.',
      ...lines,
      '  n   roll out another release of billing, replica by replica',
      '  m   mend everything',
      '  ?   this list',
      '  x   end (so do Ctrl-C and a closed terminal)',
    ].join('\n');
  }

  return {
    list,
    run(key) {
      last = last
        .then(() => perform(key))
        .catch((error) =>
          say(`That did not work: ${error instanceof Error ? error.message : String(error)}`),
        );
      return last;
    },
    /** Frozen servers are thawed by whoever ends them. */
    async close() {
      rollout.close();
      await lock.release();
    },
  };
}

function fault(text, shows, { on, off }) {
  return { text, shows, on, off, isOn: false };
}

/** The first process before its children, so that it has no more of them after they were listed. */
async function signalFamily(pid, signal) {
  signalAll([pid], signal);
  signalAll(await childrenOf(pid), signal);
}

/** A transaction that somebody has forgotten: all who write to the table wait for it. */
function createLock(connectionString) {
  let client;
  return {
    async take() {
      client = new pg.Client({ connectionString, application_name: 'forgotten migration' });
      client.on('error', () => undefined);
      await client.connect();
      await client.query('begin');
      await client.query('lock table orders in access exclusive mode');
    },
    async release() {
      // Without a word to the server, which may be frozen.
      client?.connection.stream.destroy();
      client = undefined;
    },
  };
}

/** Replaces the replicas of a service, one after the other. */
function createRollout(replicas, say) {
  let minor = 0;
  let isUnderWay = false;
  let isClosed = false;
  const release = () => `1.${minor}.0`;

  async function run() {
    for (const replica of replicas) {
      if (isClosed) return;
      await replica.deploy(release());
      say(`${replica.name} runs ${release()}`);
    }
  }

  return {
    release,
    begin() {
      if (isUnderWay) return say('A release is under way.');
      isUnderWay = true;
      minor += 1;
      say(`billing gets release ${release()}, replica by replica`);
      return void run()
        .catch((error) => say(`The release did not get through: ${error.message}`))
        .finally(() => (isUnderWay = false));
    },
    close() {
      isClosed = true;
    },
  };
}
