/**
 * V8's debugger in this thread, for what it tells of scripts. All that is needed of Node's inspector is taken when this is loaded:
 * code that hides itself may replace it afterwards. Imports nothing but Node.
 */
import type * as Crypto from 'node:crypto';
import type * as Inspector from 'node:inspector';

/** The types of Node 20 lack the name that the loader gave; V8 has told it since Node 14. */
export type ScriptParsed = Inspector.Debugger.ScriptParsedEventDataType & { readonly embedderName: string };

export interface ScriptListeners {
  /** Called for every script that is there, and from then on for each as it is compiled. */
  readonly onScript: (script: ScriptParsed) => void;
  /** Called with the number of what was to be compiled and is no JavaScript. */
  readonly onFailed?: (id: number) => void;
}

/** Connected; each call is answered before it returns. */
export interface DebuggerSession {
  /** Enables the debugger, for which V8 goes through all scripts and the heap. */
  enable(): void;
  /** Compiles a script of our own: V8 numbers scripts in their order. */
  probe(): void;
  /** The number of one; `NaN` if V8 does not tell. */
  numberOfProbe(): number;
  close(): void;
}

const inspector = process.getBuiltinModule('node:inspector') as typeof Inspector | undefined;
const Session = inspector?.Session;
const addressOf = inspector?.url;
const METHODS = Session && Object.getOwnPropertyDescriptors(Session.prototype);

/** A text that V8 has compiled before would get no number; and nothing is thrown, which can end a process by its options. */
const PROBE = 'portal-integrity:';
const textOfProbe = (name: string): string => `() => 0 //# sourceURL=${name}`;

/** Whether a script is by which one of us has asked, and not merely called so. */
export function isProbe({ url, hash }: ScriptParsed): boolean {
  if (!url.startsWith(PROBE)) return false;
  const crypto: typeof Crypto = process.getBuiltinModule('node:crypto');
  return crypto.hash('sha256', textOfProbe(url), 'hex') === hash;
}

/** Whether a debugger can connect from outside; `undefined` where Node was built without its inspector. */
export function isInspectorOpen(): boolean | undefined {
  return addressOf && addressOf() !== undefined;
}

/** `undefined` where Node was built without its inspector, or keeps it from us. */
export function openSession({ onScript, onFailed }: ScriptListeners): DebuggerSession | undefined {
  if (!Session || !METHODS) return undefined;
  try {
    const session = new Session();
    // As its own: what it inherits can be replaced.
    Object.defineProperties(session, METHODS);
    Object.defineProperty(session, 'emit', {
      value(method: string, { params }: { readonly params: ScriptParsed }): boolean {
        if (method === 'Debugger.scriptParsed') onScript(params);
        else if (method === 'Debugger.scriptFailedToParse') onFailed?.(Number(params.scriptId));
        return true;
      },
    });
    session.connect();
    return callsOf(session);
  } catch {
    return undefined;
  }
}

function callsOf(session: Inspector.Session): DebuggerSession {
  return {
    enable() {
      // First, so that no `debugger` statement can ever stop anything.
      session.post('Debugger.setSkipAllPauses', { skip: true });
      // The text of a script that is gone is not kept for us.
      session.post('Debugger.enable', { maxScriptsCacheSize: 0 });
    },
    probe: () => void evaluateProbe(session, true),
    numberOfProbe() {
      const objectId = evaluateProbe(session, false);
      let id = Number.NaN;
      if (objectId === undefined) return id;
      session.post('Runtime.getProperties', { objectId, ownProperties: true }, (_failed, properties) => {
        const location = properties?.internalProperties?.find(({ name }) => name === '[[FunctionLocation]]');
        id = Number((location?.value?.value as FunctionLocation | undefined)?.scriptId ?? Number.NaN);
      });
      session.post('Runtime.releaseObject', { objectId });
      return id;
    },
    close: () => session.disconnect(),
  };
}

/** @returns the function that it is, unless by value, as long as it is not released */
function evaluateProbe(session: Inspector.Session, returnByValue: boolean): string | undefined {
  let objectId: string | undefined;
  const expression = textOfProbe(`${PROBE}${performance.now()}`);
  session.post('Runtime.evaluate', { expression, silent: true, returnByValue }, (_error, answer) => {
    objectId = answer?.result.objectId;
  });
  return objectId;
}

interface FunctionLocation {
  readonly scriptId: string;
}
