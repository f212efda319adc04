/**
 * The command line and the environment of Node.js, by what of them brings code into the process.
 */

/** Also `-r x` and `-rx`. The words are those of the command line, or of `NODE_OPTIONS`. */
const PRELOAD = /^(?:-r|--require|--import|--(?:experimental-)?loader)$/;
const PRELOAD_JOINED = /^(?:-r(?=[^-])|(?:--require|--import|--(?:experimental-)?loader)=)/;
/** Files that hold code or options; told like a preload by whoever looks from outside. */
const CODE_FILE =
  /^--(?:snapshot-blob|env-file|env-file-if-exists|(?:experimental-)?config-file|experimental-package-map|vfs-load)(?:=|$)/;
/** Takes the file of this name from the working folder. */
const DEFAULT_CONFIG = '--experimental-default-config-file';
const CONFIG_FILE = 'node.config.json';
/** Options of Node 20 to 26 that take the next word, besides those above; a test has those of the Node that runs. What V8 is told has an `=`. */
const TAKES_A_WORD =
  /^(?:-C|--(?:conditions|title|input-type|icu-data-dir|openssl-config|redirect-warnings|diagnostic-dir|disable-warning|inspect-port|debug-port|unhandled-rejections|dns-result-order|tls-cipher-list|tls-keylog|max-http-header-size|network-family-autoselection-attempt-timeout|secure-heap|secure-heap-min|stack-trace-limit|cpu-prof-dir|cpu-prof-name|cpu-prof-interval|heap-prof-dir|heap-prof-name|heap-prof-interval|heapsnapshot-signal|heapsnapshot-near-heap-limit|report-dir|report-directory|report-filename|report-signal|trace-event-categories|trace-event-file-pattern|trace-require-module|watch-path|watch-kill-signal|localstorage-file|allow-fs-read|allow-fs-write|experimental-default-type|experimental-specifier-resolution|es-module-specifier-resolution|experimental-sea-config|build-snapshot-config|disable-proto|experimental-policy|policy-integrity|inspect-publish-uid|experimental-test-tag-filter|process-timeout|bench-(?:isolation|name-pattern|reporter|reporter-destination|samples|warmup)|test-(?:concurrency|random-seed|coverage-(?:branches|exclude|functions|include|lines)|global-setup|isolation|name-pattern|reporter|reporter-destination|rerun-failures|shard|skip-pattern|timeout)|experimental-test-isolation|max-old-space-size-percentage|disallow-code-generation-from-strings|v8-pool-size|use-largepages|force-context-aware))$/;
/** Code from the command line or from standard input; a script of package.json. */
const NO_SCRIPT =
  /^(?:-[epi]|-pe|-|--eval|--print|--interactive|--test|--bench|--run|--build-snapshot|--build-sea)(?:=|$)/;

/** `--import x`, `--require x`, `--loader x`: what is loaded before any module of the application. */
export function preloadsOf(words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    const option = withDashes(word);
    return PRELOAD_JOINED.test(option) ? [word] : PRELOAD.test(option) ? withValue(words, index) : [];
  });
}

/** Files from which Node takes code or further options. */
export function codeFilesOf(words: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    const option = withDashes(word);
    if (option === DEFAULT_CONFIG) return [`${word}=${CONFIG_FILE}`];
    return CODE_FILE.test(option) ? withValue(words, index) : [];
  });
}

/** The option and what it is given, behind an `=` or as the next word. */
function withValue(words: readonly string[], index: number): string[] {
  const word = words[index] ?? '';
  const next = words[index + 1];
  return word.includes('=') ? [word] : next === undefined ? [] : [`${word} ${next}`];
}

/** Node reads `--env_file` as `--env-file`. */
function withDashes(word: string): string {
  return word.startsWith('--') ? word.replace(/^[^=]*/, (name) => name.replaceAll('_', '-')) : word;
}

/** Whether the inspector listens from the start. */
export function asksForInspector(words: readonly string[]): boolean {
  return words.some((word) => /^--inspect(?:-brk|-wait)?(?:=|$)/.test(withDashes(word)));
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
    const option = withDashes(word);
    if (NO_SCRIPT.test(option)) return { options: words.slice(0, index), script: undefined };
    if (!word.startsWith('-')) return { options: words.slice(0, index), script: word };
    if (!option.includes('=') && [PRELOAD, CODE_FILE, TAKES_A_WORD].some((takes) => takes.test(option)))
      index += 1;
  }
  return { options: words, script: undefined };
}

/** `NODE_OPTIONS` as Node splits it: by blanks, with double quotes around those that hold one. */
export function splitOptions(text: string): readonly string[] {
  return [...text.matchAll(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g)].map(([word]) =>
    word.replaceAll(/"((?:\\.|[^"\\])*)"/g, (_, quoted: string) => quoted.replaceAll(/\\(.)/g, '$1')),
  );
}
