/**
 * What is in memory: V8 keeps the SHA-256 of every script it compiled, and tells it to a debugger. This tells a file
 * that was edited after it was loaded, and a script that never was a file.
 */
import type * as Inspector from 'node:inspector';
import { fileURLToPath } from 'node:url';

/** A script of this thread that says it came from a file. */
export interface LoadedScript {
  /** Absolute path. */
  readonly file: string;
  /** SHA-256 of the text V8 compiled, as 64 lower-case hexadecimal digits. */
  readonly digest: string;
}

export interface LoadedScripts {
  readonly scripts: readonly LoadedScript[];
  /** Scripts made from text: `eval`, `new Function`, `data:` and whatever names itself by a comment. */
  readonly evaluated: number;
}

/**
 * Lists the scripts of this thread; `undefined` where Node was built without its inspector. Holds the event loop, for
 * about 0.1 ms a script; no code of the application runs meanwhile, so a `debugger` statement cannot stop anything.
 */
export async function listLoadedScripts(): Promise<LoadedScripts | undefined> {
  let inspector: typeof Inspector;
  try {
    inspector = await import('node:inspector');
  } catch {
    return undefined;
  }
  const scripts: LoadedScript[] = [];
  let evaluated = 0;
  const session = new inspector.Session();
  session.connect();
  try {
    session.on(
      'Debugger.scriptParsed',
      ({ params }: Inspector.InspectorNotification<Inspector.Debugger.ScriptParsedEventDataType>) => {
        if (params.url.startsWith('node:')) return;
        const file = params.hasSourceURL === true ? undefined : fileOf(params.url);
        if (file === undefined) evaluated += 1;
        else scripts.push({ file, digest: params.hash });
      },
    );
    session.post('Debugger.enable');
    session.post('Debugger.disable');
  } finally {
    session.disconnect();
  }
  return { scripts, evaluated };
}

function fileOf(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  if (!url.startsWith('file:')) return undefined;
  try {
    // `?v=2` asks for another instance of the same file.
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}
