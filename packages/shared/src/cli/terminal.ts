/**
 * Where the answers go: JSON or text on standard output, progress and complaints on standard error.
 */
import { styleText } from 'node:util';

export interface Terminal {
  /** Whether answers are one JSON document. */
  readonly json: boolean;
  /** One line of text, unless answers are JSON. */
  line(text: string): void;
  /** The answer as JSON, unless answers are text. */
  document(value: unknown): void;
  /** Text as it is, also with `--json`: what was asked for is a file. */
  raw(text: string): void;
  complain(text: string): void;
  paint(colour: Colour, text: string): string;
  /** For anything that may take over a second: what it is doing, then how far it is. */
  progress(what: string): { readonly step: (files: number, bytes: number) => void; done(): void };
}

export type Colour = 'green' | 'red' | 'yellow' | 'dim';

const FIRST_PROGRESS_MS = 1_000;
const PROGRESS_ON_TERMINAL_MS = 100;
const PROGRESS_IN_LOG_MS = 5_000;

export function createTerminal({ json }: { readonly json: boolean }): Terminal {
  const { stdout, stderr } = process;
  // A reader such as `head` closes the pipe when it has seen enough.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const colours = stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';

  return {
    json,
    line(text) {
      if (!json) stdout.write(`${text}\n`);
    },
    document(value) {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
    raw: (text) => void stdout.write(text),
    complain: (text) => void stderr.write(`${text}\n`),
    paint: (colour, text) => (colours ? styleText(colour, text) : text),
    progress(what) {
      let dueMs = performance.now() + FIRST_PROGRESS_MS;
      let shown = false;
      return {
        step(files, bytes) {
          const nowMs = performance.now();
          if (nowMs < dueMs) return;
          shown = true;
          dueMs = nowMs + (stderr.isTTY ? PROGRESS_ON_TERMINAL_MS : PROGRESS_IN_LOG_MS);
          const text = `${what}: ${files} files, ${(bytes / 1e6).toFixed(0)} MB`;
          stderr.write(stderr.isTTY ? `\r${text}\u001b[K` : `${text}\n`);
        },
        done() {
          if (shown && stderr.isTTY) stderr.write('\r\u001b[K');
        },
      };
    },
  };
}
