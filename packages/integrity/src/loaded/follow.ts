/**
 * The scripts of this thread, told by V8's debugger as it compiles them. Imports nothing but Node, for whoever begins with
 * it before anything else is loaded.
 */
import { isProbe, openSession, type DebuggerSession } from './debugger-session.js';
import { createScriptList, type CompiledScripts } from './script-list.js';
import { countThreads } from './threads.js';

export type { CompiledScripts } from './script-list.js';

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

/** A program that imports the same files anew for ever must not grow: we begin anew with what is still in memory. */
const MAX_SCRIPTS = 50_000;
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
  return startFollowing(MAX_SCRIPTS);
}

/** @param maxScripts - after how many it begins anew */
export function startFollowing(maxScripts: number): FollowedScripts | undefined {
  const ids = createIdCount();
  let list = createScriptList();
  /** At the beginning V8 tells what is no news; a second debugger, what the first one knows; and a probe is of our own making. */
  let mode: 'beginning' | 'telling' | 'again' | 'probing';
  let listener: (name: string) => void = () => undefined;
  let session = begin();
  if (!session) return undefined;
  const threads = countThreads();

  function open(): DebuggerSession | undefined {
    const opened = openSession({
      onScript(script) {
        if (mode !== 'again') ids.note(Number(script.scriptId));
        if (mode === 'probing' || isProbe(script)) return;
        const name = list.note(script, mode !== 'again');
        if (mode === 'telling' && name !== undefined && !name.startsWith('node:')) listener(name);
      },
      onFailed: (id) => ids.note(id),
    });
    opened?.enable();
    return opened;
  }

  function begin(): DebuggerSession | undefined {
    list = createScriptList();
    mode = 'beginning';
    const opened = open();
    mode = 'telling';
    ids.forget();
    return opened;
  }

  /** Whether V8 has compiled anything that it has not told. */
  function isAnyUntold(): boolean {
    mode = 'probing';
    session?.probe();
    mode = 'telling';
    return ids.isAnyUntold();
  }

  return {
    read() {
      if (list.size() > maxScripts) {
        // Whoever compiles that many may have something to hide among them.
        const told = list.told();
        session?.close();
        session = begin();
        return told;
      }
      if (isAnyUntold()) {
        mode = 'again';
        open()?.close();
        mode = 'telling';
        ids.forget();
      }
      return list.told();
    },
    onScript(notify) {
      listener = notify;
    },
    workers: threads.workers,
    close() {
      threads.close();
      session?.close();
    },
  };
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
