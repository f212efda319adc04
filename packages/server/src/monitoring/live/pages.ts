/**
 * The pages that are open: each gets every report as it is made, as server-sent events. A report is put into words once,
 * however many read it, and nobody who reads slowly is waited for.
 */
import type { ServerResponse } from 'node:http';

/** The events of the stream, by name. */
export type LiveEvent = 'report' | 'happened' | 'gone' | 'draining';

/** Everybody who reads along. */
export interface LivePages {
  /** Whether this session may open one more. */
  hasRoomFor(sessionId: number): boolean;
  /** Begins to write to `response`, whose headers have been sent, until it is closed from either side. */
  open(response: ServerResponse, sessionId: number): LivePage;
  /** Something new is known: told to all within a moment, together with what becomes known in that moment. */
  report(): void;
  /** Tells all of something that happened. */
  sendEvent(event: object): void;
  /** Tells all that the service is about to stop, and ends every page, also those that come from now on. */
  drain(): void;
}

/** One page. */
export interface LivePage {
  /** Tells the page that its session has ended, and ends it. */
  gone(): void;
}

/** What they are told. */
export interface LivePagesOptions {
  /** How things stand now. */
  readonly snapshot: () => object;
  /** Told when a page opens, and every few seconds for as long as one is open. */
  readonly onRead?: () => void;
}

/** The looks of one interval come close together; they make one message. */
const GATHERED_MS = 100;
/** A page that has heard nothing for longer takes the connection for lost. */
const HEARTBEAT_MS = 4_000;
/** What may wait for a reader before it is cut off: it comes again, and gets everything at once. */
const MOST_WAITING_BYTES = 256 * 1024;
/** Pages that are open at once: as many of one session as a wall of screens has, for each holds a connection. */
const MOST_OF_SESSION = 200;
const MOST_OF_ALL = 1_000;
/** After which the browser comes again by itself, in milliseconds. */
const COME_AGAIN_MS = 2_000;

/** Nobody reads yet. */
export function createLivePages({ snapshot, onRead }: LivePagesOptions): LivePages {
  /** With the session that opened each. */
  const open = new Map<ServerResponse, number>();
  let gathering: NodeJS.Timeout | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  let draining = false;

  function broadcast(text: string): void {
    for (const response of open.keys()) {
      if (response.writableLength > MOST_WAITING_BYTES) response.destroy();
      else response.write(text);
    }
  }

  function beat(): void {
    onRead?.();
    broadcast(':\n\n');
  }

  function end(response: ServerResponse, event: LiveEvent): void {
    response.end(messageOf(event, {}));
    left(response);
  }

  function left(response: ServerResponse): void {
    open.delete(response);
    if (open.size > 0) return;
    clearInterval(heartbeat);
    clearTimeout(gathering);
    heartbeat = undefined;
    gathering = undefined;
  }

  return {
    hasRoomFor(sessionId) {
      const own = [...open.values()].filter((id) => id === sessionId).length;
      return own < MOST_OF_SESSION && open.size < MOST_OF_ALL;
    },
    open(response, sessionId) {
      onRead?.();
      open.set(response, sessionId);
      response.once('close', () => left(response));
      response.write(`retry: ${COME_AGAIN_MS}\n\n${messageOf('report', snapshot())}`);
      if (draining) end(response, 'draining');
      else heartbeat ??= setInterval(beat, HEARTBEAT_MS).unref();
      return {
        gone() {
          if (open.has(response)) end(response, 'gone');
        },
      };
    },
    report() {
      if (open.size === 0) return;
      gathering ??= setTimeout(() => {
        gathering = undefined;
        broadcast(messageOf('report', snapshot()));
      }, GATHERED_MS).unref();
    },
    sendEvent: (event) => broadcast(messageOf('happened', event)),
    drain() {
      draining = true;
      for (const response of open.keys()) end(response, 'draining');
    },
  };
}

/** JSON has no line breaks of its own, so it is one line of data. */
function messageOf(event: LiveEvent, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
