// The gates that need no server: formatting, lint with types, unused code, who imports whom, the map and the words.
// Every gate runs even when another one failed, so that one run shows everything there is to mend.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const gates = [
  { gate: 'prettier', args: ['--check', '--log-level=warn', '.'] },
  { gate: 'oxlint', args: ['--type-aware', '--deny-warnings', '--quiet'] },
  { gate: 'knip', args: [] },
  { gate: 'imports', program: process.execPath, args: ['scripts/imports.mjs'] },
  { gate: 'map', program: process.execPath, args: ['scripts/map.mjs'] },
  { gate: 'words', program: process.execPath, args: ['scripts/words.mjs'] },
];

/** Shows what it had to say once it is done, because the others are under way. */
async function passes({ gate, program = `node_modules/.bin/${gate}`, args }) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  const isPassed = code === 0;
  process.stdout.write(`${isPassed ? '' : output}${errors}${isPassed ? 'ok    ' : 'FAILED'} ${gate}\n`);
  return isPassed;
}

const passed = await Promise.all(gates.map(passes));
// Beside them, what fails nothing: all of it with `--report`, as many as there are without.
const isFull = process.argv.includes('--report');
spawnSync(process.execPath, ['scripts/report.mjs', ...(isFull ? [] : ['--counts'])], { stdio: 'inherit' });
process.exit(passed.every(Boolean) ? 0 : 1);
