/**
 * Memory in which two threads read the same list of files: each takes the next file that nobody has taken, and puts
 * down what came of it. All that is in it are numbers, because that is all that threads can share.
 */
import type { FileReading } from './digest.js';

/** What the second reader is given. */
export interface SharedWork {
  readonly root: string;
  /** From the root. */
  readonly paths: readonly string[];
  readonly memory: SharedArrayBuffer;
}

/** One thread's view of the memory. */
export interface SharedReadings {
  /** The index of a file that is from now on ours; `undefined` when all are taken. */
  take(): number | undefined;
  /** Puts down what the second reader made of a file. */
  put(index: number, reading: FileReading): void;
  /** What the second reader made of a file; `undefined` when it made nothing of it, for whatever reason. */
  get(index: number): FileReading | undefined;
  /** Tells that the second reader is alive, and how many bytes it has read. */
  beat(bytes: number): void;
  beats(): number;
  bytes(): number;
  /** Tells that the second reader puts nothing down any more. */
  finish(): void;
  finished(): boolean;
  /** Holds the thread until then, or for a while. */
  waitForFinish(timeoutMs: number): void;
}

const DIGEST_BYTES = 32;
/** dev, ino, mode, size, mtime, ctime. */
const STAMP_NUMBERS = 6;
const NUMBER_BYTES = 8;
const NEXT = 0;
const BEATS = 1;
const FINISHED = 2;
/** Four counters and the bytes, padded so that what follows is aligned. */
const HEAD_BYTES = 32;

export function memoryFor(files: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD_BYTES + files * (STAMP_NUMBERS * NUMBER_BYTES + DIGEST_BYTES + 1));
}

export function viewReadings(memory: SharedArrayBuffer, files: number): SharedReadings {
  const counters = new Int32Array(memory, 0, 4);
  const bytesRead = new BigInt64Array(memory, 16, 1);
  const stamps = new Float64Array(memory, HEAD_BYTES, files * STAMP_NUMBERS);
  const digests = Buffer.from(memory, HEAD_BYTES + stamps.byteLength, files * DIGEST_BYTES);
  const made = new Uint8Array(memory, HEAD_BYTES + stamps.byteLength + digests.byteLength, files);

  return {
    take() {
      const index = Atomics.add(counters, NEXT, 1);
      return index < files ? index : undefined;
    },
    put(index, reading) {
      // Whatever is not simply read is left to the first reader, which can say why.
      if (reading === 'gone' || 'refused' in reading) return;
      const { stamp, digest } = reading;
      const at = index * STAMP_NUMBERS;
      stamps[at] = stamp.dev;
      stamps[at + 1] = stamp.ino;
      stamps[at + 2] = stamp.mode;
      stamps[at + 3] = stamp.size;
      stamps[at + 4] = stamp.mtimeMs;
      stamps[at + 5] = stamp.ctimeMs;
      digests.write(digest, index * DIGEST_BYTES, DIGEST_BYTES, 'hex');
      Atomics.store(made, index, 1);
    },
    get(index) {
      if (Atomics.load(made, index) === 0) return undefined;
      const at = index * STAMP_NUMBERS;
      const number = (place: number): number => stamps[at + place] ?? Number.NaN;
      return {
        stamp: {
          dev: number(0),
          ino: number(1),
          mode: number(2),
          size: number(3),
          mtimeMs: number(4),
          ctimeMs: number(5),
        },
        digest: digests.toString('hex', index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES),
      };
    },
    beat(bytes) {
      Atomics.add(bytesRead, 0, BigInt(bytes));
      Atomics.add(counters, BEATS, 1);
    },
    beats: () => Atomics.load(counters, BEATS),
    bytes: () => Number(Atomics.load(bytesRead, 0)),
    finish() {
      Atomics.store(counters, FINISHED, 1);
      Atomics.notify(counters, FINISHED);
    },
    finished: () => Atomics.load(counters, FINISHED) === 1,
    waitForFinish: (timeoutMs) => void Atomics.wait(counters, FINISHED, 0, timeoutMs),
  };
}
