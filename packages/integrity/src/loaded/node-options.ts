/**
 * The command line and the environment of Node.js, by what of them brings code into the process.
 */

/** Also `-r x` and `-rx`. The words are those of the command line, or of `NODE_OPTIONS`. */
const PRELOAD = /^(?:-r|--require|--import|--(?:experimental-)?loader)$/;
const PRELOAD_JOINED = /^(?:-r(?=[^-])|(?:--require|--import|--(?:experimental-)?loader)=)/;
/** Files that hold code or options; told like a preload by whoever looks from outside. */
const CODE_FILE = /^--(?:snapshot-blob|env-file|env-file-if-exists|experimental-config-file)$/;
const CODE_FILE_JOINED = /^--(?:snapshot-blob|env-file|env-file-if-exists|experimental-config-file)(?==)/;
/** Options of Node 20 to 24 that take the next word, besides those above. What V8 is told has an `=`. */
const TAKES_A_WORD =
  /^(?:-C|--(?:conditions|title|input-type|icu-data-dir|openssl-config|redirect-warnings|diagnostic-dir|disable-warning|inspect-port|debug-port|unhandled-rejections|dns-result-order|tls-cipher-list|tls-keylog|max-http-header-size|network-family-autoselection-attempt-timeout|secure-heap|secure-heap-min|stack-trace-limit|cpu-prof-dir|cpu-prof-name|cpu-prof-interval|heap-prof-dir|heap-prof-name|heap-prof-interval|heapsnapshot-signal|heapsnapshot-near-heap-limit|report-dir|report-directory|report-filename|report-signal|trace-event-categories|trace-event-file-pattern|trace-require-module|watch-path|watch-kill-signal|localstorage-file|allow-fs-read|allow-fs-write|experimental-default-type|experimental-specifier-resolution|es-module-specifier-resolution|experimental-sea-config|build-snapshot-config|disable-proto|disallow-code-generation-from-strings|v8-pool-size|use-largepages|force-context-aware))$/;
/** Code from the command line or from standard input; a script of package.json. */
const NO_SCRIPT = /^(?:-[epi]|-pe|-|--eval|--print|--interactive|--test|--run|--build-snapshot)(?:=|$)/;

/** `--import x`, `--require x`, `--loader x`: what is loaded before any module of the application. */
export function preloadsOf(words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    if (PRELOAD_JOINED.test(word)) return [word];
    const value = words[index + 1];
    return PRELOAD.test(word) && value !== undefined ? [`${word} ${value}`] : [];
  });
}

/** Files from which Node takes code or further options. */
export function codeFilesOf(words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    if (CODE_FILE_JOINED.test(word)) return [word];
    const value = words[index + 1];
    return CODE_FILE.test(word) && value !== undefined ? [`${word} ${value}`] : [];
  });
}

/** Whether the inspector listens from the start. */
export function asksForInspector(words: readonly string[]): boolean {
  return words.some((word) => /^--inspect(?:-brk|-wait)?(?:=|$)/.test(word));
}

/** What follows the option, as it was written. */
export function valueOfOption(option: string): string {
  return option.replace(/^(?:-r(?=[^ -])|[^ =]*[ =])/, '');
}

export interface NodeCommandLine {
  /** The options before the script. */
  readonly options: readonly string[];
  /** `undefined`: code from elsewhere than a file. */
  readonly script: string | undefined;
}

/** @param words - without the name of the program */
export function splitCommandLine(words: readonly string[]): NodeCommandLine {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') return { options: words.slice(0, index), script: words[index + 1] };
    if (NO_SCRIPT.test(word)) return { options: words.slice(0, index), script: undefined };
    if (!word.startsWith('-')) return { options: words.slice(0, index), script: word };
    if (PRELOAD.test(word) || CODE_FILE.test(word) || TAKES_A_WORD.test(word)) index += 1;
  }
  return { options: words, script: undefined };
}

/** `NODE_OPTIONS` as Node splits it: by blanks, with double quotes around those that hold one. */
export function splitOptions(text: string): readonly string[] {
  return [...text.matchAll(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g)].map(([word]) =>
    word.replaceAll(/"((?:\\.|[^"\\])*)"/g, (_, quoted: string) => quoted.replaceAll(/\\(.)/g, '$1')),
  );
}
