/**
 * "It is the same file!" – a modified text that differs only in what an editor or a checkout does by itself. Needs no
 * copy of the other text: its digest is enough to tell whether a rewritten one hits it.
 */
import { hash } from 'node:crypto';

const LARGEST_BYTES = 16 * 1024 * 1024;
const BOM = Buffer.from('\u{feff}').toString('latin1');

/** The three habits, and a text without any of them. Text is held one character a byte. */
interface Habits {
  readonly crlf: boolean;
  readonly bom: boolean;
  readonly finalNewline: boolean;
}

/**
 * What stands in `content` otherwise than in the text with the digest `wanted`, if it is nothing but line ends, byte
 * order mark or final newline.
 */
export function textDifference(content: Buffer, wanted: string): string | undefined {
  if (content.length > LARGEST_BYTES || content.includes(0)) return undefined;
  const text = content.toString('latin1');
  const found: Habits = {
    crlf: text.includes('\r\n'),
    bom: text.startsWith(BOM),
    finalNewline: text.endsWith('\n'),
  };
  const bare = text
    .slice(found.bom ? BOM.length : 0)
    .replaceAll('\r\n', '\n')
    .replace(/\n$/, '');
  for (const crlf of [false, true]) {
    for (const bom of [false, true]) {
      for (const finalNewline of [false, true]) {
        const habits = { crlf, bom, finalNewline };
        if (hash('sha256', Buffer.from(written(bare, habits), 'latin1'), 'hex') === wanted) {
          return describe(habits, found);
        }
      }
    }
  }
  return undefined;
}

function written(bare: string, { crlf, bom, finalNewline }: Habits): string {
  const lines = finalNewline ? `${bare}\n` : bare;
  return (bom ? BOM : '') + (crlf ? lines.replaceAll('\n', '\r\n') : lines);
}

function describe(wanted: Habits, found: Habits): string {
  const differences: string[] = [];
  if (wanted.crlf !== found.crlf) {
    differences.push(found.crlf ? 'line ends (CRLF for LF)' : 'line ends (LF for CRLF)');
  }
  if (wanted.bom !== found.bom)
    differences.push(found.bom ? 'a byte order mark' : 'a missing byte order mark');
  if (wanted.finalNewline !== found.finalNewline) {
    differences.push(found.finalNewline ? 'a final newline' : 'a missing final newline');
  }
  // Mixed line ends are neither the one nor the other.
  return `only ${differences.length > 0 ? differences.join(' and ') : 'line ends (mixed)'}`;
}
