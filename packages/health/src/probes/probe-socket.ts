/**
 * The socket below a driver, as far as a probe uses it; and how much may come over it. Whatever stands behind a port may answer
 * without an end, and a driver keeps all of it until the answer is whole.
 */
import { types } from 'node:util';
import { hasMethods, member } from '../unknown.js';

export interface Socket {
  emit(event: string, ...values: readonly unknown[]): boolean;
  destroy(error?: unknown): void;
}

/** True for a socket, as far as it is used. */
export function isSocket(stream: unknown): stream is Socket {
  return hasMethods(stream, ['emit', 'destroy']);
}

/** The longest known, an `INFO` with an error counter for every text of a script, had two. */
const LONGEST_ANSWER_BYTES = 4 * 1024 ** 2;

/** What a server said is longer than any answer to what it was asked. */
export class AnswerTooLongError extends Error {
  readonly code = 'ANSWER_TOO_LONG';

  constructor() {
    super(`The answer has more than ${LONGEST_ANSWER_BYTES} bytes`);
  }
}

/** Ends the connection at an answer that is too long. */
export function limitAnswers(socket: unknown): void {
  if (isSocket(socket)) watchData(socket, () => undefined);
}

/** The same, and looks at what arrives before the driver does. What `look` or the driver throws ends the connection too. */
export function watchData(socket: Socket, look: (bytes: Uint8Array) => void): void {
  const emit = socket.emit.bind(socket);
  const isShort = createLengthCheck(socket);
  socket.emit = (event, ...values) => {
    if (event !== 'data') return emit(event, ...values);
    try {
      const [bytes] = values;
      if (types.isUint8Array(bytes)) {
        if (!isShort(bytes)) throw new AnswerTooLongError();
        look(bytes);
      }
      return emit(event, ...values);
    } catch (error) {
      socket.destroy(error);
      return true;
    }
  };
}

/** Counts what arrives from the last word of ours on; false once it is too much. */
function createLengthCheck(socket: Socket): (bytes: Uint8Array) => boolean {
  let askedBytes: unknown;
  let answerBytes = 0;
  return ({ length }) => {
    const written = member(socket, 'bytesWritten');
    // Of a socket that does not tell what we have said, no answer is known from the next.
    if (typeof written !== 'number') return true;
    if (written !== askedBytes) answerBytes = 0;
    askedBytes = written;
    answerBytes += length;
    return answerBytes <= LONGEST_ANSWER_BYTES;
  };
}
