/**
 * Server-sent events by `fetch`: unlike `EventSource` it gives the status of a rejected stream, and passes on the comments
 * that keep the connection alive.
 */
import { withBase } from '../base.js';

export interface StreamListener {
  /** Called for everything received, comments included. */
  readonly onHeard: () => void;
  readonly onEvent: (event: string, data: string) => void;
}

/** After this silence the connection counts as lost. The service sends something at least every five seconds. */
const SILENCE_MS = 7_000;

/** Reads to the end of the stream and resolves with its HTTP status; 0 without a response. */
export async function readStream(
  path: string,
  listener: StreamListener,
  signal: AbortSignal,
): Promise<number> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  let status = 0;
  try {
    const response = await fetch(withBase(path), {
      headers: { Accept: 'text/event-stream' },
      cache: 'no-store',
      signal: AbortSignal.any([signal, silence.signal]),
    });
    ({ status } = response);
    const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream');
    if (!response.ok || !isStream || !response.body) return status === 200 ? 0 : status;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parse = createParser(listener.onEvent);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return status;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      listener.onHeard();
      parse(value);
    }
  } catch {
    return status;
  } finally {
    clearTimeout(timer);
  }
}

/** Takes the text in pieces, and calls `onEvent` for each complete event. */
export function createParser(onEvent: StreamListener['onEvent']): (text: string) => void {
  let rest = '';
  return (text) => {
    const messages = (rest + text).split('\n\n');
    rest = messages.pop() ?? '';
    for (const message of messages) {
      const field = (name: string): string | undefined =>
        message
          .split('\n')
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim();
      const data = field('data');
      if (data !== undefined) onEvent(field('event') ?? 'message', data);
    }
  };
}
