/**
 * The scripts that this thread holds, asked for now and then. When a debugger comes, V8 goes through all of them and the heap.
 * As it numbers scripts in their order, that is needed only where it has compiled any since the last time; an edit in memory takes
 * a number as well.
 */
import { isProbe, openSession, type DebuggerSession } from './debugger-session.js';
import { createScriptList, type CompiledScripts } from './script-list.js';

/** @returns what reads them, and gives `undefined` where Node was built without its inspector, or keeps it from us */
export function createScriptReader(): () => CompiledScripts | undefined {
  let last: CompiledScripts | undefined;
  let lastId = Number.NaN;
  let list = createScriptList();

  function read(session: DebuggerSession): CompiledScripts {
    const id = session.numberOfProbe();
    if (last && id === lastId + 1) {
      lastId = id;
      return last;
    }
    list = createScriptList();
    session.enable();
    last = list.told();
    lastId = session.numberOfProbe();
    return last;
  }

  return () => {
    const session = openSession({
      onScript(script) {
        if (!isProbe(script)) list.note(script, true);
      },
    });
    try {
      return session && read(session);
    } catch {
      return undefined;
    } finally {
      session?.close();
    }
  };
}
