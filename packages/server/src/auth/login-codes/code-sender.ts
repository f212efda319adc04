/**
 * Brings codes to their users: by a message to a program of the operator's choice, which passes it on.
 *
 * A client cannot find out by it which users exist. Every request waits for the next slot, which comes at its own time. A
 * slot does the same work for a name of no user, and the work for messages alone is done in another thread.
 */
import { randomUUID } from 'node:crypto';
import { openLink } from '../../config/url-rules.js';
import type { OutgoingMessage } from './webhook-worker.js';

/** A code that was asked for, and whose it is. */
export interface CodeToSend {
  readonly code: string;
  /** `undefined`: of no user. */
  readonly userName: string | undefined;
  /** The name as it was asked for. */
  readonly wasRequested: string;
  /** Who asked for it. */
  readonly address: string;
  readonly expiresAt: Date;
}

export interface CodeSender {
  /** Returns at once; the result is in the log. */
  send(code: CodeToSend): void;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

export interface CodeSenderOptions {
  readonly post: { send(letter: OutgoingMessage): void; close(): Promise<void> };
  /** Where browsers find the page, without a slash at the end; a message then has a link. */
  readonly pageUrl?: string | undefined;
  /** Milliseconds between two slots. */
  readonly slotMs?: number;
}

const SLOT_MS = 2_000;
/** Codes of one slot; the queue of requests lets no more through. */
const MOST = 1_000;

export function createCodeSender({ post, pageUrl, slotMs = SLOT_MS }: CodeSenderOptions): CodeSender {
  let waiting: CodeToSend[] = [];
  const timer = setInterval(() => {
    const codes = waiting;
    waiting = [];
    for (const code of codes) post.send(messageFor(code, pageUrl));
  }, slotMs);
  timer.unref();

  return {
    send(code) {
      if (waiting.length < MOST) waiting.push(code);
    },
    async close() {
      clearInterval(timer);
      await post.close();
    },
  };
}

function messageFor(code: CodeToSend, pageUrl: string | undefined): OutgoingMessage {
  return {
    id: `msg_${randomUUID()}`,
    to: code.userName ?? code.wasRequested,
    isForSomebody: code.userName !== undefined,
    body: JSON.stringify(message(code, pageUrl)),
  };
}

/** `text` is what a chat needs; everything else is for a program. */
function message(
  { code, userName, wasRequested: askedFor, address, expiresAt }: CodeToSend,
  pageUrl: string | undefined,
): object {
  const name = userName ?? askedFor;
  const link = pageUrl === undefined ? undefined : openLink(pageUrl, code);
  return {
    type: 'login_code.created',
    timestamp: new Date().toISOString(),
    data: { username: name, code, ...(link && { link }), address, expires_at: expiresAt.toISOString() },
    text: `Code for ${name} to sign in: ${code}${link ? `, or ${link}` : ''} (once, until ${expiresAt.toISOString()}, asked for by ${address})`,
  };
}
