/**
 * Server-sent events, read as they come.
 */
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { waitFor } from 'portal-test-kit';
import { assertStreamEvent } from './answers.js';

/** One event of the stream. */
export interface StreamEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
  /** By the monotonic clock. */
  readonly atMs: number;
}

/** A stream that is open. */
export interface Stream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly events: readonly StreamEvent[];
  /** Comments so far, which say no more than that somebody is there. */
  readonly comments: number;
  readonly ended: boolean;
  /** The first event of this name from now on or before for which `condition` holds. */
  until(event: string, condition?: (data: Record<string, unknown>) => boolean): Promise<StreamEvent>;
  close(): void;
}

/** Opens a stream; it must be closed. */
export async function openStream(url: string, path: string, cookie?: string): Promise<Stream> {
  const events: StreamEvent[] = [];
  const state = { comments: 0, ended: false };
  const outgoing = request(`${url}${path}`, {
    agent: false,
    headers: { Accept: 'text/event-stream', ...(cookie === undefined ? {} : { Cookie: cookie }) },
  });
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.end();
  });
  let text = '';
  incoming.setEncoding('utf8');
  incoming.on('data', (chunk: string) => {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (block.startsWith(':')) state.comments += 1;
      if (event === undefined || data === undefined) continue;
      const parsed = JSON.parse(data) as Record<string, unknown>;
      assertStreamEvent(event, parsed);
      events.push({ event, data: parsed, atMs: performance.now() });
    }
  });
  const end = (): void => {
    state.ended = true;
  };
  incoming.on('end', end).on('close', end).on('error', end);
  outgoing.on('error', end);

  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    events,
    get comments() {
      return state.comments;
    },
    get ended() {
      return state.ended;
    },
    async until(event, condition = () => true) {
      let found: StreamEvent | undefined;
      await waitFor(`the event ${event}`, () => {
        found = events.find((one) => one.event === event && condition(one.data));
        return found !== undefined;
      });
      if (!found) throw new Error('An event was found and lost.');
      return found;
    },
    close() {
      outgoing.destroy();
    },
  };
}
