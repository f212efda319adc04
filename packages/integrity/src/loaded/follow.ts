/**
 * The scripts of this thread, told by V8's debugger as it compiles them. Imports nothing but Node, for whoever begins with
 * it before anything else is loaded.
 */
import type * as Inspector from 'node:inspector';
import { countThreads } from './threads.js';

/** What V8 has told. */
export interface CompiledScripts {
  /**
   * Name and digest of every script that says it came from a file or is Node's own, one after the other. The name is
   * the one that its loader gave: a `sourceURL` comment, which the script itself could carry, does not count. The
   * digest is the SHA-256 of the text that V8 compiled, 64 lower-case hexadecimal digits.
   */
  readonly scripts: readonly string[];
  /** Scripts made from text, and the digests of the first of them, each once. */
  readonly texts: number;
  readonly textDigests: readonly string[];
}

/** For `watchSource({ followMemory })`. */
export interface FollowedScripts {
  /**
   * Everything told so far, also of scripts that are gone by now. Something that V8 compiled and has not told, as a script
   * edited in memory, makes it go through everything again first, for 0.02 ms a script and 0.3 ms a megabyte of heap.
   */
  read(): CompiledScripts;
  /** Calls `listener` with the name of each script that came from a file. */
  onScript(listener: (name: string) => void): void;
  /** Threads that run JavaScript: those started since, until they end, and as many as were started before. */
  workers(): number;
  close(): void;
}

/** The name of a `data:` module holds its whole text; of a longer path than this no system knows. */
const MAX_NAME = 8_192;
const NAMED = /^(?:\/|file:|node:)/;
/** A program that imports the same files anew for ever must not grow: we begin anew with what is still in memory. */
const MAX_SCRIPTS = 50_000;
const MAX_TEXTS = 1_000;
const MAX_UNTOLD = 1_000;

/**
 * Notes every script that V8 compiles from now on, and those that it has compiled before: for these the event loop is held,
 * for about 0.1 ms a script, as V8 hashes them only now. So call it first, before the modules of the application are
 * imported; `undefined` where Node was built without its inspector, or keeps it from us.
 *
 * @example
 * ```ts
 * import { followScripts } from 'portal-integrity/follow';
 *
 * const followMemory = followScripts();
 * const { main } = await import('./main.js'); // watchSource({ root, memoryIntervalMs: 240_000, followMemory })
 * await main(followMemory);
 * ```
 */
export function followScripts(): FollowedScripts | undefined {
  return attachIfAllowed();
}

/** The scripts that are in memory now; `undefined` as above. */
export function readScripts(): CompiledScripts | undefined {
  const scripts = attachIfAllowed();
  scripts?.close();
  return scripts?.told();
}

function attachIfAllowed(): Attached | undefined {
  const inspector = process.getBuiltinModule('node:inspector') as typeof Inspector | undefined;
  if (!inspector) return undefined;
  try {
    return attach(inspector);
  } catch {
    return undefined;
  }
}

interface Attached extends FollowedScripts {
  told(): CompiledScripts;
}

function attach(inspector: typeof Inspector): Attached {
  const scripts = new Map<string, readonly [name: string, digest: string]>();
  const textDigests = new Set<string>();
  const ids = createIdCount();
  const threads = countThreads();
  let texts = 0;
  let probes = 0;
  /** At the beginning V8 tells what is no news; a second debugger, what the first one knows; and a probe is of our own making. */
  let mode: 'beginning' | 'telling' | 'again' | 'probing';
  let listener: (name: string) => void = () => undefined;
  const noteId = (id: number): void => ids.note(id);
  let session = begin();

  function note({ embedderName, hash, scriptId }: ScriptParsed): void {
    if (mode !== 'again') ids.note(Number(scriptId));
    if (mode === 'probing') return;
    if (!NAMED.test(embedderName)) {
      if (mode !== 'again') texts += 1;
      if (textDigests.size < MAX_TEXTS) textDigests.add(hash);
      return;
    }
    const name = embedderName.slice(0, MAX_NAME);
    scripts.set(`${hash}${name}`, [name, hash]);
    if (mode === 'telling' && !name.startsWith('node:')) listener(name);
  }

  function begin(): Inspector.Session {
    scripts.clear();
    textDigests.clear();
    texts = 0;
    mode = 'beginning';
    const opened = openSession(inspector, note, noteId);
    mode = 'telling';
    ids.forget();
    return opened;
  }

  function told(): CompiledScripts {
    return { scripts: [...scripts.values()].flat(), texts, textDigests: [...textDigests] };
  }

  /** V8 numbers scripts in their order: one of our own shows how far it has come. */
  function probe(opened: Inspector.Session): void {
    mode = 'probing';
    probes += 1;
    opened.post('Runtime.evaluate', { expression: `0 // portal-integrity ${probes}` });
    mode = 'telling';
  }

  return {
    read() {
      if (scripts.size > MAX_SCRIPTS) {
        session.disconnect();
        session = begin();
      } else {
        probe(session);
        if (ids.isAnyUntold()) {
          mode = 'again';
          openSession(inspector, note, noteId).disconnect();
          mode = 'telling';
          ids.forget();
        }
      }
      return told();
    },
    told,
    onScript(notify) {
      listener = notify;
    },
    workers: threads.workers,
    close() {
      threads.close();
      session.disconnect();
    },
  };
}

/** Tells every script that is there, and from then on each as it is compiled. */
function openSession(
  inspector: typeof Inspector,
  onScript: (script: ScriptParsed) => void,
  onId: (id: number) => void,
): Inspector.Session {
  const session = new inspector.Session();
  // As its own: what it inherits can be replaced by code that hides itself.
  Object.defineProperty(session, 'emit', {
    value(method: string, { params }: { readonly params: ScriptParsed }): boolean {
      if (method === 'Debugger.scriptParsed') onScript(params);
      else if (method === 'Debugger.scriptFailedToParse') onId(Number(params.scriptId));
      return true;
    },
  });
  session.connect();
  // First, so that no `debugger` statement can ever stop anything.
  session.post('Debugger.setSkipAllPauses', { skip: true });
  // The text of a script that is gone is not kept for us.
  session.post('Debugger.enable', { maxScriptsCacheSize: 0 });
  return session;
}

/**
 * Finds the numbers that V8 has given to scripts and not told of: an edit in memory takes one, whoever makes it; so does a
 * script that was compiled and has not run.
 */
function createIdCount() {
  const untold = new Set<number>();
  let nextId = 0;
  return {
    note(id: number): void {
      untold.delete(id);
      for (; nextId < id && untold.size < MAX_UNTOLD; nextId += 1) untold.add(nextId);
      nextId = Math.max(nextId, id + 1);
    },
    isAnyUntold: () => untold.size > 0,
    forget: () => untold.clear(),
  };
}

/** The types of Node 20 lack the name that the loader gave; V8 has told it since Node 14. */
type ScriptParsed = Inspector.Debugger.ScriptParsedEventDataType & { readonly embedderName: string };
