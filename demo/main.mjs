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

/** The terminal sends a signal to all, and npm passes its own on: that is no second one. */
const SAME_SIGNAL_MS = 1_000;

let fleet;
let endingSinceMs;

// The terminal may be gone, and with it whoever reads this.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void endNow());
setInterval(() => process.ppid === parent || void end(), LOOK_AT_PARENT_MS).unref();
process.stdin.on('end', () => void end()).on('error', () => void end());
process.on('uncaughtException', (error) => {
  say(`The demo itself has failed: ${textOf(error)}`);
  void end(1);
});
process.stdin.on('data', () => undefined);

say('Starting Postgres, Redis, the service and six replicas …');
try {
  fleet = await startFleet({ folder, say });
} catch (error) {
  say(textOf(error));
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
      if (key === 'x' || key === '\u0003' || key === '\u0004') void endNow();
      else if (key.trim() !== '' && endingSinceMs === undefined) void commands.run(key);
    }
  });
}

/** In good order, once; before everything has started at once: each process has another that ends it then. */
async function end(code = 0) {
  if (endingSinceMs !== undefined) return;
  if (!fleet) process.exit(code);
  endingSinceMs = performance.now();
  say('Ending …');
  try {
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    await commands?.close();
    await fleet.close();
  } catch (error) {
    say(`Not everything ended in good order: ${textOf(error)}`);
    process.exit(1);
  }
  process.exit(code);
}

/** Whoever asks a second time does not want to wait. */
function endNow() {
  if (endingSinceMs !== undefined && performance.now() - endingSinceMs > SAME_SIGNAL_MS) process.exit(1);
  return end();
}

function textOf(error) {
  return error instanceof Error ? error.message : String(error);
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
