/**
 * Findings as lines: names first, one a line, aligned.
 */
import type { Change } from '../compare/change.js';
import { scanErrorText, type ScanError } from '../scan/scan-error.js';
import { printable } from 'portal-shared/printable';
import type { Colour, Terminal } from 'portal-shared/cli/terminal';

const COLOURS: Readonly<Record<Change['kind'], Colour>> = {
  added: 'red',
  removed: 'red',
  modified: 'red',
  renamed: 'yellow',
  swapped: 'red',
  copied: 'red',
};

export function printChanges(terminal: Terminal, changes: readonly Change[]): void {
  for (const { kind, path, from, note, files } of changes) {
    const details = [
      ...(from === undefined ? [] : [`${PREPOSITIONS[kind]} ${printable(from)}`]),
      ...(files > 1 ? [`(${files} files)`] : []),
      ...(note === undefined ? [] : [note]),
    ].join(' ');
    const label = terminal.paint(COLOURS[kind], kind.padEnd(9));
    terminal.line(`  ${label} ${printable(path)}${details === '' ? '' : `  ${details}`}`);
  }
}

const PREPOSITIONS: Readonly<Record<Change['kind'], string>> = {
  added: 'from',
  removed: 'from',
  modified: 'from',
  renamed: 'was',
  swapped: 'with',
  copied: 'of',
};

/** As many as fit on a screen. */
const MAX_PRINTED = 40;

export function printScanErrors(terminal: Terminal, scanErrors: readonly ScanError[]): void {
  for (const scanError of scanErrors.slice(0, MAX_PRINTED)) terminal.complain(scanErrorText(scanError));
  const more = scanErrors.length - MAX_PRINTED;
  if (more > 0) terminal.complain(`… and ${more} more`);
}

export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
