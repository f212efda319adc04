/**
 * What commands share: the stores, and text in columns.
 */
import type { CommandContext } from './open-stores.js';

/**
 * Calls `work` with the tables up to date, and closes everything afterwards, also after an error. The drivers are loaded
 * only here: that takes longer than printing a usage error.
 */
export async function withStores(work: (context: CommandContext) => Promise<void>): Promise<void> {
  const { openStores } = await import('./open-stores.js');
  await openStores(work);
}

/** Rows of text as lines, each column as wide as its widest entry. */
export function inColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((entry, column) => entry.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
