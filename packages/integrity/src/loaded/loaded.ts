/**
 * What is in memory: V8 keeps the SHA-256 of every script it compiled, and tells it to a debugger. This tells a file
 * that was edited after it was loaded, and a script that never was a file.
 */
import type * as Inspector from 'node:inspector';
import type { Worker } from 'node:worker_threads';

/** What the main thread says of itself; plain data, for the hashing thread to judge. */
export interface MemoryLook {
  /**
   * Name and digest of every script that says it came from a file or is Node's own, one after the other. The name is
   * the one that its loader gave: a `sourceURL` comment, which the script itself could carry, does not count. The
   * digest is the SHA-256 of the text that V8 compiled.
   */
  readonly scripts: readonly string[];
  /** Scripts made from text, and the digests of the first of them, each once. */
  readonly texts: number;
  readonly textDigests: readonly string[];
  /** Milliseconds for which the event loop was held. */
  readonly heldMs: number;
  readonly workers: number;
  readonly isInspectorOpen: boolean;
  readonly execArgv: readonly string[];
}

export interface MemoryReader {
  /** The scripts of this thread; `undefined` where Node was built without its inspector, or keeps it from us. */
  look(): Promise<MemoryLook | undefined>;
  close(): void;
}

export interface MemoryReaderOptions {
  /**
   * Without: each look holds the event loop for about 0.015 ms a script and 0.3 ms a megabyte of heap, because V8 goes
   * through both when a debugger comes; the first one for 0.1 ms a script, as V8 hashes it only now. No code of the
   * application runs meanwhile, so a `debugger` statement cannot stop anything.
   * With: the first look does, and from then on V8 tells every script when it compiles it, also one that is gone by the
   * next look, which holds nothing. An `await` costs 0.5 µs more, an exception 4 µs, an `eval` 25 µs. What V8 does not
   * tell is an edit in memory, by code that is not of the source or by a debugger from outside: after either came, a
   * look goes through everything again, for 0.015 ms a script.
   */
  readonly follows: boolean;
  /** Whether a script is judged by its digest anyhow; by its name. */
  readonly isOurs?: (name: string) => boolean;
  /** Called when a script with a name was compiled between two looks, where they are followed. */
  readonly onScript?: () => void;
}

/** The name of a `data:` module holds its whole text; of a longer path than this no system knows. */
const MAX_NAME = 8_192;
const NAMED = /^(?:\/|file:|node:)/;
/** A program that imports the same files anew for ever must not grow: we begin anew with what is still in memory. */
const MAX_SCRIPTS = 50_000;
const MAX_TEXTS = 1_000;

export function createMemoryReader(options: MemoryReaderOptions): MemoryReader {
  const { follows, isOurs, onScript } = options;
  const scripts = new Map<string, readonly [name: string, digest: string]>();
  const textDigests = new Set<string>();
  let texts = 0;
  let session: Inspector.Session | undefined;
  let isLooking = false;
  let mayBeEdited = false;
  let isClosed = false;
  const threads = countThreads();

  function note({ embedderName, hash }: ScriptParsed): void {
    if (!NAMED.test(embedderName)) {
      if (isLooking && session) return;
      texts += 1;
      mayBeEdited = true;
      if (textDigests.size < MAX_TEXTS) textDigests.add(hash);
      return;
    }
    const name = embedderName.slice(0, MAX_NAME);
    scripts.set(`${hash}${name}`, [name, hash]);
    if (isLooking || name.startsWith('node:')) return;
    if (isOurs?.(name) !== true) mayBeEdited = true;
    onScript?.();
  }

  function open(inspector: typeof Inspector): Inspector.Session {
    const opened = new inspector.Session();
    opened.connect();
    opened.on('Debugger.scriptParsed', ({ params }: { params: ScriptParsed }) => note(params));
    // Its text is not kept for us when a script is gone.
    opened.post('Debugger.enable', { maxScriptsCacheSize: 0 });
    opened.post('Debugger.setSkipAllPauses', { skip: true });
    return opened;
  }

  function forget(): void {
    scripts.clear();
    textDigests.clear();
    texts = 0;
  }

  function shut(): void {
    session?.disconnect();
    session = undefined;
  }

  function lookWith(inspector: typeof Inspector): MemoryLook {
    const beganMs = performance.now();
    isLooking = true;
    try {
      if (scripts.size > MAX_SCRIPTS) shut();
      if (!session) {
        forget();
        session = open(inspector);
      } else if (mayBeEdited || inspector.url() !== undefined) open(inspector).disconnect();
      mayBeEdited = false;
      if (!follows) shut();
      return {
        scripts: [...scripts.values()].flat(),
        texts,
        textDigests: [...textDigests],
        heldMs: performance.now() - beganMs,
        workers: threads.count(),
        isInspectorOpen: inspector.url() !== undefined,
        execArgv: [...process.execArgv],
      };
    } finally {
      isLooking = false;
    }
  }

  return {
    async look() {
      const inspector = await import('node:inspector').catch(() => undefined);
      if (!inspector || isClosed) return undefined;
      try {
        return lookWith(inspector);
      } catch {
        shut();
        return undefined;
      }
    },
    close() {
      isClosed = true;
      threads.close();
      shut();
    },
  };
}

/**
 * Threads that run JavaScript: those that this thread has started since, until they end; and as many as were started
 * before, of which nobody tells whether they have ended. Not by the inspector (`NodeWorker.enable`), which tells each to
 * JavaScript in the middle of its list: where a thread ended at that moment, Node 20 ended by SIGSEGV.
 */
function countThreads() {
  const running = new Set<Worker>();
  let before: number | undefined;
  const started = (worker: Worker): void => {
    // Ids are given from 1 on, in all threads of the process together.
    before ??= worker.threadId - 1;
    running.add(worker);
    worker.once('exit', () => running.delete(worker));
  };
  process.on('worker', started);
  return {
    count: () => (before ?? 0) + running.size,
    close: () => void process.off('worker', started),
  };
}

/** The types of Node 20 lack the name that the loader gave; V8 has told it since Node 14. */
type ScriptParsed = Inspector.Debugger.ScriptParsedEventDataType & { readonly embedderName: string };
