// One replica as a process of its own, with a folder that holds the release it runs.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from 'portal-dev-servers/free-port';
import { startServerProcess } from 'portal-dev-servers/server-process';

const PROGRAM = fileURLToPath(new URL('replica.mjs', import.meta.url));
/** Of a machine that is busy with other things too. */
const START_MS = 180_000;
const STOP_GRACE_MS = 3_000;
const ASK_MS = 2_000;

const PORT_TRIES = 5;

/** @param port - one that was free a moment ago */
export function createReplica({ service, index, port: firstPort, folder }) {
  let port = firstPort;
  const name = () => `${service} ${index} (127.0.0.1:${port})`;
  const home = join(folder, 'releases', `${service}-${index}`);
  let environment = {};
  let child;

  /** Whether it is this very process that answers: another one may have taken the port. */
  async function isUp() {
    const response = await fetch(`http://127.0.0.1:${port}/demo/pid`, {
      signal: AbortSignal.timeout(ASK_MS),
    });
    return (await response.text()) === `${child.pid}`;
  }

  async function untilUp() {
    const untilMs = performance.now() + START_MS;
    while (!(await isUp().catch(() => false))) {
      if (!child.hasEnded() && performance.now() < untilMs) await sleep(50);
      else throw new Error(`${name()} has not started:\n${await child.printed()}`);
    }
  }

  /** Writes the source of a release, as a deployment does. */
  async function install(release) {
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'app.mjs'), sourceOf(service, release));
  }

  async function launch() {
    child = await startServerProcess({
      command: [process.execPath, PROGRAM],
      identity: { prefix: [] },
      env: { ...environment, SERVICE: service, REPLICA: `${index}`, PORT: `${port}`, RELEASE_FOLDER: home },
      logFile: join(folder, `${service}-${index}.log`),
      orphanSignal: 'TERM',
    });
    await untilUp();
  }

  /** From when a port was free until a replica listens, a busy machine has time to give it to somebody else. */
  async function launchAnywhere() {
    for (let tries = 1; ; tries += 1) {
      try {
        return await launch();
      } catch (error) {
        if (tries === PORT_TRIES || !error.message.includes('EADDRINUSE')) throw error;
        port = await findFreePort();
      }
    }
  }

  async function stop() {
    await child?.stop('SIGTERM', STOP_GRACE_MS);
  }

  return {
    get name() {
      return name();
    },
    service,
    /** Settled once it has started. */
    get port() {
      return port;
    },
    app: join(home, 'app.mjs'),
    async start(stores) {
      environment = stores;
      await install('1.0.0');
      await launchAnywhere();
    },
    stop,
    launch,
    async restart() {
      await stop();
      await launch();
    },
    async deploy(release) {
      await stop();
      await install(release);
      await launch();
    },
    signal: (signal) => process.kill(child.pid, signal),
    hasEnded: () => child.hasEnded(),
    /** Asks it to misbehave, or to stop that: `leak`, `slow`. */
    async tell(fault, isOn) {
      await fetch(`http://127.0.0.1:${port}/demo/${fault}?${isOn ? 'on' : 'off'}`, {
        method: 'POST',
        signal: AbortSignal.timeout(2 * ASK_MS),
      });
    },
  };
}

function sourceOf(service, release) {
  return `// What ${service} does, release ${release}.
export const release = '${release}';

export function greet(count) {
  return \`${service} \${release}: request \${count}\\n\`;
}
`;
}
