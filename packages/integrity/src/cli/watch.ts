import { once } from 'node:events';
import { watchSource } from '../source.js';
import type { SourceEvent } from '../watch/source-event.js';
import type { CliCommand } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { exitOfDifferences } from './exit-code.js';
import { printChanges } from './print-changes.js';
import { one, parse, readCount } from 'portal-shared/cli/arguments';
import { readScope, SCOPE_HELP, SCOPE_OPTIONS } from './scope-options.js';
import type { Terminal } from 'portal-shared/cli/terminal';

export const watchCommand: CliCommand = {
  synopsis: 'DIR',
  about:
    'Hash a tree and tell what changes in it, until interrupted; then exit by how it differs from the start.',
  options: [...SCOPE_HELP, ['--interval-ms N', 'time between two looks; default 10000']],
  async run(args, terminal) {
    const { values, positionals } = parse(args, {
      ...SCOPE_OPTIONS,
      'interval-ms': { type: 'string', default: '10000' },
    });
    const { root, exclude } = readScope(one(positionals, 'DIR'), values);
    // Deaf from the first moment, so that an interrupt in the middle of the first hash is not lost.
    const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    const source = watchSource({
      root,
      exclude,
      scanIntervalMs: readCount('interval-ms', values['interval-ms']),
      onEvent: (event) => printEvent(terminal, event),
    });
    // A timer that holds the process: the watch itself does not.
    const holding = setInterval(() => undefined, 60_000);
    try {
      const ended = await Promise.race([source.start(), interrupted]);
      if (ended === undefined) {
        const { boot, refusals } = source.state();
        terminal.line(source.hash ?? 'no hash');
        terminal.document({ event: 'started', boot, refusals });
        for (const refusal of refusals) terminal.complain(refusal);
        await interrupted;
      }
      const { boot, disk, differences, refusals } = source.state();
      terminal.document({ event: 'ended', disk, differences, refusals });
      return boot && refusals.length === 0 ? exitOfDifferences(differences) : EXIT.inconclusive;
    } finally {
      clearInterval(holding);
      await source.close();
    }
  },
};

function printEvent(terminal: Terminal, event: SourceEvent): void {
  terminal.line(`${terminal.paint('dim', event.ended_at)} ${event.hash_after ?? 'no hash'}`);
  printChanges(terminal, event.changes);
  if (event.more_changes > 0) terminal.line(`  … and ${event.more_changes} more`);
  for (const path of event.put_back_paths) terminal.line(`  put back  ${path}`);
  for (const refusal of event.refusals) terminal.complain(refusal);
  terminal.document({ event: 'changed', ...event });
}
