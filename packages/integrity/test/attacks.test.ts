/**
 * Every attack that docs/integrity.md tells of, and every recipe by which the product was once got round (I-01 to I-20, A-08), has
 * a test: this is the table of them, and it holds the page, the table and the tests to each other.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const REPOSITORY = new URL('../../../../', import.meta.url);

/** A file of tests and, of one of them, what its name begins with. */
type Named = readonly [file: string, name: string];

const INTEGRITY = 'packages/integrity/test/';
const SOURCE = `${INTEGRITY}source.test.ts`;
const MEMORY = `${INTEGRITY}loaded/memory.test.ts`;
const HIDDEN = `${INTEGRITY}loaded/hidden.test.ts`;
const LOADED = `${INTEGRITY}loaded/loaded.test.ts`;
const TOUCHED = `${INTEGRITY}watch/touched.test.ts`;
const WRITES = `${INTEGRITY}watch/ways-to-write.test.ts`;
const SCOPE = `${INTEGRITY}scan/scope.test.ts`;
const LINKS = `${INTEGRITY}scan/links.test.ts`;
const ERRORS = `${INTEGRITY}scan/scan-errors.test.ts`;
const EXPECTED = `${INTEGRITY}expected.test.ts`;
const STATEMENT = `${INTEGRITY}release/statement.test.ts`;
const RELEASE = `${INTEGRITY}cli/release.test.ts`;
const VERIFY = `${INTEGRITY}cli/verify.test.ts`;
const PROCESS = `${INTEGRITY}cli/verify-process-ways.test.ts`;
const PACKAGES = `${INTEGRITY}dependencies/dependencies.test.ts`;
const PNPM = `${INTEGRITY}dependencies/pnpm.test.ts`;
const WATCHED_PACKAGES = `${INTEGRITY}dependencies/watched.test.ts`;
const ADMIN = 'packages/server/test/api/admin-integrity.test.ts';
const INSTALLATION = 'packages/server/test/config/installation.test.ts';

const RESTORES: Named = [MEMORY, 'is a problem and an event that stay '];
const PUT_BACK: Named = [TOUCHED, 'a file that is changed and put back between two scans is an event'];
const PRELOADED: Named = [MEMORY, 'what was preloaded is told by name'];
const OTHER_CODE: Named = [MEMORY, 'code made from text, worker threads and what is outside are told'];
const EARLY: Named = [MEMORY, 'what is no script and was put back before it was first read is warned of'];
const NESTED: Named = [SCOPE, 'refuses a tree that leaves it out by its name, and only there'];
const PLANTED: Named = [VERIFY, 'a node_modules planted nearer to the code is never as signed'];
const ROLLBACK: Named = [
  RELEASE,
  'a release that goes back is refused, on purpose accepted, and a lost memory is told',
];
const SERVICE_ROLLBACK: Named = [EXPECTED, 'a release that goes back is a mismatch, unless it is meant'];
const EXPIRES: Named = [SOURCE, 'a statement that expires while the source is watched is warned of'];
const RESTARTED: Named = [SOURCE, 'a source that was changed while nothing ran is an event with both hashes'];
const ENDLESS: Named = [SOURCE, 'a sparse file of terabytes is named, and the rest is compared'];
const MAPPED: Named = [WRITES, 'a write through a shared mapping'];
const MOUNTED: Named = [PROCESS, 'a file that is mounted over is told by what the process sees'];
const OTHER_PROCESS: Named = [PROCESS, 'is not from this tree: '];
const FROM_ELSEWHERE: Named = [PROCESS, 'is told: '];
const REPLACED: Named = [PROCESS, 'and of native code that was replaced under the process'];
const LOCK_FILE: Named = [RELEASE, 'the lock file, the figures of the tree, and the commit is told'];
const FIGURES: Named = [EXPECTED, 'figures that are not those of the tree, and a Node that is another one'];
const ADDON: Named = [MEMORY, 'a native addon is told'];
const HIDES: Named = [HIDDEN, 'by what it takes of Node is found all the same: ${name}'];
const FROM_HOOKS: Named = [HIDDEN, 'bring no other text under the name of a file'];
const EDITED_LATE: Named = [HIDDEN, 'by an edit long after anything was compiled is found'];

/** By the recipes' numbers; the kind, not its instance, is what each was mended as. */
const RECIPES: Readonly<Record<string, readonly [kind: string, ...tests: readonly Named[]]>> = {
  'I-01': [
    'a check of memory that nobody asks for, and that nothing follows from',
    RESTORES,
    [ADMIN, 'code that is in memory and was put back on disk is found without being asked for'],
    [MEMORY, 'a file that is loaded changed and put back is found at the next look'],
    ['e2e/test/memory-loaders.test.ts', '${name} is no problem'],
  ],
  'I-02': [
    'the name that the checked thing gives itself',
    RESTORES,
    PRELOADED,
    [MEMORY, 'scripts that claim to be of Node are believed only if this Node has them'],
    HIDES,
    [LOADED, 'nor does it hide by the way of a place that is left out'],
  ],
  'I-03': [
    'same digest, so nothing happened',
    PUT_BACK,
    [TOUCHED, 'a mode that is set, a file that took the place of its like'],
    [WRITES, 'where the system gives no events, that is told'],
  ],
  'I-04': [
    'a stamp taken as proof',
    MAPPED,
    [`${INTEGRITY}scan/file-index.test.ts`, 'finds what no stamp tells'],
  ],
  'I-05': [
    'a scope by name at any depth',
    PLANTED,
    NESTED,
    [VERIFY, 'what is left out may lie only where it lay when that was signed'],
    [SOURCE, 'a node_modules that comes nearer to the code while it runs is drift'],
  ],
  'I-06': [
    'a command that promises more than it checks',
    OTHER_PROCESS,
    FROM_ELSEWHERE,
    [PROCESS, 'nor what is merely called node'],
    [PROCESS, 'nor another script behind one of the tree that is the value of '],
  ],
  'I-07': ['trust that is forgotten at every start', RESTARTED],
  'I-08': [
    'one part that fails silences all others',
    [TOUCHED, 'what stands in the way of one entry hides no change of another'],
    [TOUCHED, 'what is changed and put back behind an obstacle leaves its trace'],
  ],
  'I-09': [
    'unbounded work on what is found',
    ENDLESS,
    [SOURCE, 'at the start it does not keep anybody from serving'],
    [SOURCE, 'a tree that takes longer than the deadline is told as busy'],
  ],
  'I-10': [
    'what the operator named, treated like what an intruder planted',
    [SOURCE, 'a root that is a link is the tree that it leads to'],
    [VERIFY, 'a manifest that nobody signed is unsigned in word and exit code, and a root may be a link'],
  ],
  'I-11': [
    'an empty set that counts as success',
    [MEMORY, 'is open, and no good news'],
    [MEMORY, 'a link to the root that is moved afterwards hides nothing'],
    [MEMORY, 'links that are preserved count by the name that was given'],
  ],
  'I-12': [
    'more refusals than the standard asks for',
    [STATEMENT, 'signatures by keys that are not given are skipped'],
    [RELEASE, 'keys change by a statement that both have signed'],
    [RELEASE, 'a statement that openssl signed under a name of its own'],
  ],
  'I-13': [
    'time, asked for once',
    EXPIRES,
    [STATEMENT, 'a statement that expires before it was made'],
    FIGURES,
  ],
  'I-14': [
    'a recorded fact without a reader',
    LOCK_FILE,
    FIGURES,
    [WATCHED_PACKAGES, 'another list, another lock file, another binary'],
  ],
  'I-15': [
    'a protection that is gone when its file is gone',
    ROLLBACK,
    SERVICE_ROLLBACK,
    [`${INTEGRITY}release/sequence.test.ts`, 'what was kept is remembered, however large'],
  ],
  'I-16': [
    'word and exit code that disagree',
    [VERIFY, 'a manifest that nobody signed is unsigned in word and exit code'],
    [VERIFY, 'unsigned is never success'],
  ],
  'I-17': [
    'a mistake of the user, told as a bug of ours',
    [VERIFY, 'what cannot be written, or makes no sense, is one sentence'],
  ],
  'I-18': [
    'a verdict before all facts are there',
    ['packages/health/test/source-option.test.ts', 'the first status is said when the source is known'],
  ],
  'I-19': [
    'a message without a remedy',
    [LINKS, 'are refused without a signature, each with its target and what to do'],
    [SOURCE, 'a tree that takes longer than the deadline is told as busy'],
    ['e2e/test/source-scale.test.ts', 'anything over a second has a progress line'],
  ],
  'I-20': ['a limit that is not told', [EXPECTED, 'how much of the source the process itself may write']],
  'A-08': [
    'code planted inside the tree',
    [INSTALLATION, 'a package that is planted nearer to the code than the installed ones is another source'],
    PLANTED,
    OTHER_CODE,
  ],
  'real trees': [
    'the shapes that users have',
    ['e2e/test/source-scale.test.ts', '27,600 files of a repository'],
    [LINKS, 'pass as they were signed, with the hash of the shell line'],
    [LINKS, 'a volume of Kubernetes in the tree is told by its place'],
    [PROCESS, 'also through a link, as Capistrano starts it'],
    [PACKAGES, 'as they were installed, by the cache and by a list made at build'],
    [PNPM, 'are as locked: aliases, workspaces, a patched one'],
    ['e2e/test/own-dependencies.test.ts', 'a fresh install is as locked'],
    ['e2e/test/reproducible.test.ts', 'two clones, two places, two hours, one hash'],
  ],
};

/** By the first cells of the page's table. None: nobody sees it, as the page says. */
const ATTACKS: Readonly<Record<string, readonly Named[]>> = {
  'a file edited, also with its times set back, through a hard link, replaced, or behind a bind mount': [
    [SOURCE, 'a file rewritten in place with its old time set back is found by name'],
    [WRITES, 'a write through a hard link'],
    [WRITES, 'another inode of the same size'],
    [WRITES, 'a file mounted over another'],
  ],
  'a mount over a file that is gone again by the next scan': [[WRITES, 'a file mounted over another']],
  'edited and put back between two scans, or another folder in place of one': [
    PUT_BACK,
    [TOUCHED, 'a folder in whose place another one was'],
  ],
  'written through a shared mapping': [MAPPED],
  'a link, fifo or impossible name planted; a signed link led elsewhere or taken away': [
    [SOURCE, 'an entry that must be refused is drift and makes the tree unreadable'],
    [ERRORS, 'a fifo and a socket, without waiting for either'],
    [ERRORS, 'names that a manifest cannot carry'],
    [EXPECTED, 'signed links are as they were signed'],
  ],
  'an unreadable folder put before a change, or the root moved away': [
    [TOUCHED, 'what is changed and put back behind an obstacle'],
    [TOUCHED, 'what stands in the way of one entry'],
    [SOURCE, 'a root that vanishes is unreadable'],
  ],
  "a module that restores its file when it is loaded, whatever it calls itself by a comment or takes of Node's inspector":
    [RESTORES, HIDES],
  'other text for a file of the tree by hooks of the loader that a module registers': [FROM_HOOKS],
  'the same in a file that a loader rewrites (`.ts`, coverage)': [
    [MEMORY, 'hooks that put modules before others, and TypeScript'],
    EARLY,
    [PROCESS, 'is told: '],
  ],
  'the same in what is no script (`.json`, a template, an addon)': [EARLY],
  'a script that ran and was collected before the first look into memory, also among very many others': [
    [MEMORY, 'a script that ran and was gone before the first look is found'],
    [MEMORY, 'a script that is gone by the next look is found'],
    [`${INTEGRITY}loaded/read-scripts.test.ts`, 'one that is gone is told although so many others came'],
  ],
  'a script edited in memory by the inspector, from outside or by code that runs, at any time': [
    [MEMORY, 'a live edit through the inspector is found'],
    EDITED_LATE,
  ],
  'code preloaded by `NODE_OPTIONS`, `--require`, `--import`': [PRELOADED],
  'code from `eval`, `Function`, `data:`, a temporary folder': [OTHER_CODE],
  'code in a worker thread; a native addon, whatever its file is called': [OTHER_CODE, ADDON],
  'code in a child process': [OTHER_PROCESS],
  "other machine code from a compile cache (`NODE_COMPILE_CACHE`, `cachedData`) for a script whose text is the file's":
    [],
  'an object replaced in memory': [],
  'a `node_modules` nearer to the code': [
    NESTED,
    PLANTED,
    [SOURCE, 'a node_modules that comes nearer to the code'],
  ],
  "a dependency edited, planted or shadowed, also by a `node_modules` in any folder of the project, of those that begin with a dot in those of builds (`.next`, `.output`, …); a workspace's link redirected":
    [
      [WATCHED_PACKAGES, 'an edit of one while nothing ran is a mismatch that names the file'],
      [WATCHED_PACKAGES, 'a link that leads elsewhere'],
      [PACKAGES, '${name} is told by name'],
      [ADMIN, 'dependencies that are not as listed'],
    ],
  'a `node_modules` above the root, in `NODE_PATH` or `~/.node_modules`': [
    [PACKAGES, 'folders elsewhere in which Node looks are told'],
  ],
  'a `package.json` above a root that has none: what `#…` imports lead to, and whether `.js` is an ES module':
    [OTHER_CODE],
  'tampered while stopped, without a statement': [RESTARTED],
  'an older signed release': [SERVICE_ROLLBACK, ROLLBACK],
  'the memory of sequences deleted': [SERVICE_ROLLBACK, ROLLBACK],
  'another lock file, or figures that the tree has not': [LOCK_FILE, FIGURES],
  'a statement that expires while the service runs': [EXPIRES],
  'a file too large to read, or without an end': [ENDLESS],
  'another process behind `--pid`, also a Node.js that holds an application of its own; `NODE_OPTIONS`, `LD_PRELOAD`, an addon from elsewhere':
    [OTHER_PROCESS, [PROCESS, 'nor a Node.js that holds an application of its own'], FROM_ELSEWHERE],
  'a file or addon changed after the start, also put back': [
    REPLACED,
    [`${INTEGRITY}cli/verify-process.test.ts`, 'verified, and told of what changed and was put back'],
  ],
  'a mount over the tree, for the process alone': [MOUNTED, [PROCESS, 'a whole tree that lies over ours']],
  'a process that rewrites its own command line': [],
};

function read(path: string): string {
  return readFileSync(new URL(path, REPOSITORY), 'utf8');
}

/** The rows of the table: attack, service, outside. */
function rowsOfPage(): readonly (readonly string[])[] {
  const [, section = ''] = read('docs/integrity.md').split('\n## Attacks, and what sees them\n');
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((line) => line.slice(2, -2).split(' | '));
}

describe('each has a test that is there', () => {
  for (const [what, named] of [
    ...Object.entries(RECIPES).map(([id, [kind, ...tests]]) => [`${id}: ${kind}`, tests] as const),
    ...Object.entries(ATTACKS),
  ]) {
    test(what, () => {
      for (const [file, name] of named) {
        // As it is written in the file, whichever quotes are around it.
        assert.match(read(file), new RegExp(`[\`'"]${escaped(name)}`), `${file}: ${name}`);
      }
    });
  }
});

test('the table of the page has these attacks, and of those without a test it says that nobody sees them', () => {
  const rows = rowsOfPage();
  assert.deepEqual(rows.map(([attack]) => attack).toSorted(), Object.keys(ATTACKS).toSorted());
  for (const [attack = '', service, outside] of rows) {
    const isUnseen = service === 'no' && outside === 'no';
    assert.equal(ATTACKS[attack]?.length === 0, isUnseen, attack);
  }
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
