// The fleet to play with: the service, and two example services of three replicas each under light traffic. One letter
// breaks something, and the same letter mends it; the page shows what that looks like.
//
//   node demo/main.mjs [FOLDER]   everything is kept in it; default: .portal/demo
import { resolve } from 'node:path';
import { createCommands } from './commands.mjs';
import { startFleet } from './fleet.mjs';

const folder = resolve(process.argv[2] ?? '.portal/demo');
const parent = process.ppid;
/** A parent that was killed sends no signal. */
const LOOK_AT_PARENT_MS = 500;

let fleet;
let isEnding = false;

// The terminal may be gone, and with it whoever reads this.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end());
setInterval(() => process.ppid === parent || void end(), LOOK_AT_PARENT_MS).unref();
process.stdin.on('end', () => void end()).on('error', () => void end());
process.stdin.on('data', () => undefined);

say('Starting Postgres, Redis, the service and six replicas …');
try {
  fleet = await startFleet({ folder, say });
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  say(`The logs are in ${folder}.`);
  // What has started is ended by the process that guards it.
  process.exit(1);
}
const commands = createCommands({ fleet, say });
say(`
open       ${fleet.link}
           signs in once, as an administrator; all is in ${folder}
${commands.list()}`);
takeKeys();

/** At a terminal each key counts at once; what comes by a pipe is read letter by letter too. */
function takeKeys() {
  process.stdin.setEncoding('utf8');
  if (process.stdin.isTTY) process.stdin.setRawMode(true);
  process.stdin.on('data', (text) => {
    for (const key of text) {
      // Ctrl-C and Ctrl-D, which a terminal in this mode makes no signals of.
      if (key === 'x' || key === '\u0003' || key === '\u0004') void end();
      else if (key.trim() !== '' && !isEnding) void commands.run(key);
    }
  });
}

/** In good order; before everything has started, and the second time, at once: each process has another that ends it then. */
async function end() {
  if (isEnding || !fleet) process.exit(isEnding ? 1 : 0);
  isEnding = true;
  say('Ending …');
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
  await commands?.close();
  await fleet.close();
  process.exit(0);
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
