// The gates that need no server: formatting, lint with types, unused code. Every gate runs even when one
// before it failed, so that one run shows everything there is to mend.
import { spawnSync } from 'node:child_process';

const gates = [
  { gate: 'prettier', args: ['--check', '--log-level=warn', '.'] },
  { gate: 'oxlint', args: ['--type-aware', '--deny-warnings', '--quiet'] },
  { gate: 'knip', args: [] },
];

let failed = 0;
for (const { gate, args } of gates) {
  const { status } = spawnSync(`node_modules/.bin/${gate}`, args, { stdio: 'inherit' });
  if (status !== 0) failed += 1;
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${gate}\n`);
}
process.exit(failed === 0 ? 0 : 1);
