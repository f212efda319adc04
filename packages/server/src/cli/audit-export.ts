import { Command, InvalidArgumentError } from 'commander';
import { once } from 'node:events';
import { withStores } from './with-stores.js';

/** `portal audit export` */
export function auditExportCommand(): Command {
  return new Command('export')
    .description('Write the audit to standard output, one JSON object a line, the oldest first.')
    .option(
      '--from <time>',
      'only what happened at this time or later, e.g. 2026-03-01 or 2026-03-01T12:00:00Z',
      timeArgument,
    )
    .option('--to <time>', 'only what happened before this time', timeArgument)
    .action(({ from, to }: { from?: Date; to?: Date }) =>
      withStores(async ({ audit }) => {
        const { publishedEntry } = await import('../api/admin-audit.js');
        let after: number | undefined;
        do {
          const entries = await audit.page({ from, to, after });
          const lines = entries.map((entry) => `${JSON.stringify(publishedEntry(entry))}\n`).join('');
          // Whoever reads more slowly than we do is waited for, so that nothing piles up here.
          if (!process.stdout.write(lines)) await once(process.stdout, 'drain').catch(() => undefined);
          // Whoever read it is gone, as `head` goes.
          if (process.stdout.errored) return;
          after = entries.at(-1)?.id;
        } while (after !== undefined);
      }),
    );
}

/** ISO 8601: a day, or a moment with its zone. */
function timeArgument(text: string): Date {
  const isWellFormed = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const time = new Date(text);
  // Otherwise 30 February is taken for 2 March.
  const day = new Date(text.slice(0, 10));
  const isThere =
    isWellFormed && !Number.isNaN(time.getTime()) && day.toISOString().startsWith(text.slice(0, 10));
  if (!isThere) {
    throw new InvalidArgumentError(
      'It must be a day, 2026-03-01, or a time with its zone, 2026-03-01T12:00:00Z.',
    );
  }
  return time;
}
