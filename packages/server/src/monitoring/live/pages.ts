/**
 * The open live connections of pages: each gets every report as it is made, as server-sent events. A report is serialised
 * once for all of them, and a slow reader delays no other.
 */
import type { Writable } from 'node:stream';

export type LiveEvent = 'report' | 'happened' | 'fleet' | 'delta' | 'gone' | 'draining';

export interface LivePages {
  /** Whether this session may open one more. */
  hasRoomFor(sessionId: number): boolean;
  /** Writes to `response`, whose headers have been sent and which sends at once, until either side closes it. */
  open(response: Writable, sessionId: number): LivePage;
  /** Sends the snapshot to all within `GATHER_MS`. */
  report(): void;
  /** Sends an event to all at once. `name`: `happened` by default. */
  sendEvent(event: object, name?: LiveEvent): void;
  isRead(): boolean;
  /** Sends `draining` and ends every connection, also those that open from now on. */
  drain(): void;
}

export interface LivePage {
  /** The session has ended: sends `gone`, and ends the connection. */
  gone(): void;
}

export interface LivePagesOptions {
  readonly snapshot: () => object;
  /** Name of the event that has the snapshot. Default: `report`. */
  readonly name?: LiveEvent;
  /** Called when a page opens, and every few seconds while one is open. */
  readonly onRead?: () => void;
}

/** The probe runs of one interval are close together, and become one message. */
const GATHER_MS = 100;
/** A page that receives nothing for longer takes the connection for lost. */
const HEARTBEAT_MS = 4_000;
/** A slower reader is disconnected. It connects again, and gets the whole snapshot. */
const MAX_BUFFERED_BYTES = 256 * 1024;
/** Each open page holds a connection. A wall of screens with one session has fewer. */
const MAX_OF_SESSION = 200;
const MAX_OF_ALL = 1_000;
/** After which the browser connects again by itself. */
const RECONNECT_MS = 2_000;

export function createLivePages({ snapshot, name = 'report', onRead }: LivePagesOptions): LivePages {
  /** With the id of its session. */
  const open = new Map<Writable, number>();
  let gathering: NodeJS.Timeout | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  let isDraining = false;

  function broadcast(text: string): void {
    for (const response of open.keys()) {
      if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy();
      else response.write(text);
    }
  }

  function beat(): void {
    onRead?.();
    broadcast(':\n\n');
  }

  function end(response: Writable, event: LiveEvent): void {
    response.end(messageOf(event, {}));
    remove(response);
  }

  function remove(response: Writable): void {
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
      return own < MAX_OF_SESSION && open.size < MAX_OF_ALL;
    },
    open(response, sessionId) {
      onRead?.();
      open.set(response, sessionId);
      response.once('close', () => remove(response));
      response.write(`retry: ${RECONNECT_MS}\n\n${messageOf(name, snapshot())}`);
      if (isDraining) end(response, 'draining');
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
        broadcast(messageOf(name, snapshot()));
      }, GATHER_MS).unref();
    },
    sendEvent(event, of = 'happened') {
      if (open.size > 0) broadcast(messageOf(of, event));
    },
    isRead: () => open.size > 0,
    drain() {
      isDraining = true;
      for (const response of open.keys()) end(response, 'draining');
    },
  };
}

/** One line of data, because JSON escapes line breaks. */
function messageOf(event: LiveEvent, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
