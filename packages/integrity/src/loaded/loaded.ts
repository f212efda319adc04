/**
 * What is in memory: V8 keeps the SHA-256 of every script it compiled, and tells it to a debugger. This tells a file
 * that was edited after it was loaded, and a script that never was a file.
 */
import { isInspectorOpen } from './debugger-session.js';
import { followScripts, type FollowedScripts } from './follow.js';
import { createScriptReader } from './read-scripts.js';
import type { CompiledScripts } from './script-list.js';
import { countThreads } from './threads.js';

/** What the main thread says of itself; plain data, for the hashing thread to judge. */
export interface MemoryLook extends CompiledScripts {
  /** Milliseconds for which the event loop was held. */
  readonly heldMs: number;
  readonly workers: number;
  readonly isInspectorOpen: boolean;
  readonly execArgv: readonly string[];
}

export interface MemoryReader {
  /** The scripts of this thread; `undefined` where Node was built without its inspector, or keeps it from us. */
  look(): MemoryLook | undefined;
  close(): void;
}

export interface MemoryReaderOptions {
  /**
   * `false`: a look before which anything was compiled holds the event loop for about 0.02 ms a script and 0.3 ms a megabyte of
   * heap, because V8 goes through both when a debugger comes; the first one for 0.1 ms a script, as V8 hashes it only now; any
   * other for less than a millisecond. No code of the application runs meanwhile, so a `debugger` statement cannot stop anything.
   * `true`: the first look does, and from then on V8 tells every script when it compiles it, also one that is gone by the
   * next look, which holds next to nothing. An `await` costs 0.5 µs more, an exception 4 µs, an `eval` 25 µs.
   * What `followScripts()` gave: so does the first.
   */
  readonly follows: boolean | FollowedScripts;
  /** Called when a script of a file was compiled between two looks, where they are followed. */
  readonly onScript?: () => void;
}

export function createMemoryReader({ follows, onScript }: MemoryReaderOptions): MemoryReader {
  let followed: FollowedScripts | undefined;
  if (typeof follows === 'object') keep(follows);
  const readScripts = createScriptReader();
  let isClosed = false;
  const threads = countThreads();

  function keep(scripts: FollowedScripts | undefined): void {
    followed = scripts;
    if (onScript) scripts?.onScript(onScript);
  }

  function compiled(): CompiledScripts | undefined {
    if (follows === false) return readScripts();
    if (!followed) keep(followScripts());
    try {
      return followed?.read();
    } catch {
      return undefined;
    }
  }

  return {
    look() {
      if (isClosed) return undefined;
      const beganMs = performance.now();
      const scripts = compiled();
      return (
        scripts && {
          ...scripts,
          heldMs: performance.now() - beganMs,
          workers: (typeof follows === 'object' ? follows : threads).workers(),
          isInspectorOpen: isInspectorOpen() === true,
          execArgv: [...process.execArgv],
        }
      );
    },
    close() {
      isClosed = true;
      threads.close();
      followed?.close();
    },
  };
}
