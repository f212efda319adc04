/** A program that watches its source, memory included, and what its parent is told; see `watched-program.ts`. */
import { fork, type ChildProcess, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Inspection, IntegrityProblem, IntegrityState, SourceEvent } from '../../src/index.js';

export interface Told {
  readonly state: IntegrityState;
  readonly problems: readonly IntegrityProblem[];
  readonly events: readonly SourceEvent[];
  readonly inspection: Inspection;
}

export interface Program {
  readonly first: Told;
  readonly tell: (message: { readonly load?: string; readonly run?: string }) => Promise<Told>;
  readonly until: (holds: (told: Told) => boolean) => Promise<Told>;
}

const PROGRAM = fileURLToPath(new URL('./watched-program.js', import.meta.url));

async function reply(child: ChildProcess): Promise<Told> {
  const done = new AbortController();
  const { signal } = done;
  const [told]: unknown[] = await Promise.race([
    once(child, 'message', { signal }),
    once(child, 'exit', { signal }).then(([code]: unknown[]) =>
      Promise.reject(new Error(`ended with ${String(code)}`)),
    ),
  ]).finally(() => done.abort());
  return told as Told;
}

export async function withProgram(
  root: string,
  files: readonly string[],
  work: (program: Program) => Promise<void> | void,
  options: ForkOptions = {},
): Promise<void> {
  const child = fork(PROGRAM, [root, '300', ...files], options);
  const exit = once(child, 'exit');
  try {
    const first = await reply(child);
    const tell: Program['tell'] = (message) => {
      const told = reply(child);
      child.send(message);
      return told;
    };
    await work({
      first,
      tell,
      async until(holds) {
        for (let tries = 0; tries < 600; tries += 1) {
          const told = await tell({});
          if (holds(told)) return told;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error(`never told: ${JSON.stringify((await tell({})).state.loaded)}`);
      },
    });
  } finally {
    if (child.connected) child.disconnect();
    await exit;
  }
}

export const GOOD = "export const who = 'good a';\n";
export const TREE = {
  'package.json': '{"type":"module"}',
  'd/a.js': GOOD,
  'd/b.js': "export const who = 'good b';\n",
};

/** A module that puts the good text in its own place when it is loaded. */
export function evil(good: string, lastLine = '', isModule = true): string {
  return isModule
    ? `import fs from 'node:fs'; fs.writeFileSync(new URL(import.meta.url), ${JSON.stringify(good)});\nexport const who = 'EVIL';\n${lastLine}`
    : `require('node:fs').writeFileSync(__filename, ${JSON.stringify(good)});\nexports.who = 'EVIL';\n${lastLine}`;
}

export const kinds = ({ problems }: Told): readonly string[] => problems.map(({ kind }) => kind);

/** A program that edits `d/b.js` in memory through the inspector, and then does what `ends` says. */
export const edit = (ends: string): string => `{
  const { Session } = process.getBuiltinModule('node:inspector');
  const session = new Session();
  session.connect();
  let id;
  session.on('Debugger.scriptParsed', ({ params }) => {
    if (params.url.endsWith('/d/b.js')) id = params.scriptId;
  });
  session.post('Debugger.enable');
  session.post('Debugger.setScriptSource', { scriptId: id, scriptSource: "export const who = 'EVIL';\\n" });
  session.disconnect();
  ${ends}
}`;
export const OPEN_INSPECTOR = "process.getBuiltinModule('node:inspector').open(0, '127.0.0.1');";

export function kindsInclude(told: Told): boolean {
  return kinds(told).includes('loaded-differs');
}
