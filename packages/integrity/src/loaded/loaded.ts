/**
 * What is in memory: V8 keeps the SHA-256 of every script it compiled, and tells it to a debugger. This tells a file
 * that was edited after it was loaded, and a script that never was a file.
 */
import type * as Inspector from 'node:inspector';

/** What the main thread says of itself; plain data, for the hashing thread to judge. */
export interface MemoryLook {
  /**
   * Name and digest of every script, one after the other. The name is the one that its loader gave: a `sourceURL`
   * comment, which the script itself could carry, does not count. `''`: made from text. The digest is the SHA-256 of
   * the text that V8 compiled.
   */
  readonly scripts: readonly string[];
  /** Milliseconds for which the event loop was held. */
  readonly heldMs: number;
  readonly workers: number;
  readonly isInspectorOpen: boolean;
  readonly execArgv: readonly string[];
}

/** The name of a `data:` module holds its whole text; of a longer path than this no system knows. */
const MAX_NAME = 8_192;

/**
 * Lists the scripts of this thread; `undefined` where Node was built without its inspector. Holds the event loop for
 * about 0.015 ms a script and 0.25 ms a megabyte of heap, and the first time for 0.1 ms a script, because V8 hashes it
 * only now. No code of the application runs meanwhile, so a `debugger` statement cannot stop anything.
 */
export async function lookIntoMemory(): Promise<MemoryLook | undefined> {
  let inspector: typeof Inspector;
  let session: Inspector.Session;
  try {
    inspector = await import('node:inspector');
    session = new inspector.Session();
  } catch {
    return undefined;
  }
  const scripts: string[] = [];
  let workers = 0;
  const beganMs = performance.now();
  session.connect();
  try {
    session.on('Debugger.scriptParsed', ({ params }: { params: ScriptParsed }) => {
      scripts.push(params.embedderName.slice(0, MAX_NAME), params.hash);
    });
    session.post('Debugger.enable');
    session.post('Debugger.disable');
    session.on('NodeWorker.attachedToWorker', () => (workers += 1));
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
    session.post('NodeWorker.disable');
  } finally {
    session.disconnect();
  }
  return {
    scripts,
    heldMs: performance.now() - beganMs,
    workers,
    isInspectorOpen: inspector.url() !== undefined,
    execArgv: [...process.execArgv],
  };
}

/** The types of Node 20 lack the name that the loader gave; V8 has told it since Node 14. */
type ScriptParsed = Inspector.Debugger.ScriptParsedEventDataType & { readonly embedderName: string };
