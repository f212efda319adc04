/**
 * Whether a process runs the tree that was checked: its program, script, options and environment, the code that is
 * mapped, its mounts, and whether anything changed after it started. From outside, by what the kernel knows.
 */
import { EXIT } from 'portal-shared/cli/exit-code';
import {
  asksForInspector,
  codeFilesOf,
  preloadsOf,
  splitCommandLine,
  splitOptions,
  valueOfOption,
} from '../loaded/node-options.js';
import { isOfSystem } from '../loaded/native-code.js';
import type { Scope } from '../scan/scope.js';
import type { MappedFile, ProcessFacts } from './process-facts.js';
import {
  changedAtMs,
  changesAfter,
  pathOf,
  scriptPath,
  START_TICK_MS,
  treeOf,
  type ProcessTree,
} from './process-tree.js';

export interface ProcessVerification {
  readonly exit: number;
  readonly verdict: 'verified' | 'not from this tree' | 'changed after it started';
  /** The main script, absolute in the process's root; `null` where it runs none. */
  readonly script: string | null;
  /** Why it is not verified. */
  readonly findings: readonly ProcessFinding[];
  /** What is worth to know, and no reason against it. */
  readonly notes: readonly string[];
}

export interface ProcessFinding {
  readonly verdict: Exclude<ProcessVerification['verdict'], 'verified'>;
  readonly message: string;
}

export interface ProcessExpectation {
  /** As we see it: below the process's root. */
  readonly scope: Scope;
  /** Preloads that the operator means, as they are written. */
  readonly preloads: readonly string[];
  /** SHA-256 that its program must have. */
  readonly nodeDigest: string | undefined;
}

const NODE = /^(?:node|nodejs)(?:-?\d[\d.]*)?$/;

export function verifyProcess(facts: ProcessFacts, expected: ProcessExpectation): ProcessVerification {
  const tree = treeOf(facts, expected.scope);
  const findings: ProcessFinding[] = [];
  const notes: string[] = [];
  const foreign = (message: string) => findings.push({ verdict: 'not from this tree', message });
  const changed = (message: string) => findings.push({ verdict: 'changed after it started', message });

  const script = checkProgram(facts, expected, tree, foreign);
  for (const preload of preloadsAround(facts)) {
    if (expected.preloads.includes(valueOfOption(preload.option))) continue;
    if (
      !tree.holds(
        preload.isFile ? pathOf(valueOfOption(preload.option), facts) : preloadPath(preload.option, facts),
      )
    ) {
      foreign(`loads code from elsewhere: ${preload.option}${preload.from}`);
    }
  }
  for (const name of ['LD_PRELOAD', 'LD_AUDIT']) {
    for (const file of (facts.environment.get(name) ?? '').split(/[\s:]+/).filter((part) => part !== '')) {
      if (expected.preloads.includes(file) || tree.holds(pathOf(file, facts))) continue;
      foreign(`loads code from elsewhere: ${file} by ${name}`);
    }
  }
  if (facts.isProgramReplaced) changed(`${facts.program}, the program, was deleted or replaced`);
  for (const file of facts.mapped) checkMapping(file, { facts, tree, foreign, changed, notes });
  for (const change of changesAfter(facts.startedAt, expected.scope)) changed(change);
  noteSurroundings(facts, tree, notes);

  const isForeign = findings.some(({ verdict }) => verdict === 'not from this tree');
  return {
    exit: findings.length > 0 ? EXIT.loadedDiffers : EXIT.clean,
    verdict: isForeign ? 'not from this tree' : findings.length > 0 ? 'changed after it started' : 'verified',
    script,
    findings,
    notes,
  };
}

/** @returns the main script */
function checkProgram(
  facts: ProcessFacts,
  { nodeDigest }: ProcessExpectation,
  tree: ProcessTree,
  foreign: (message: string) => void,
): string | null {
  const { program, programDigest, isNode, holdsApplication, words } = facts;
  if (nodeDigest !== undefined && programDigest !== nodeDigest) {
    foreign(`${program} is another program than --node-digest says or was signed: ${programDigest}`);
  }
  // A program made of the application and Node.js in one file.
  if (tree.holds(program)) return program;
  if (!NODE.test(program.slice(program.lastIndexOf('/') + 1))) {
    foreign(`runs ${program}, which is neither Node.js nor of this tree`);
    return null;
  }
  if (!isNode && programDigest !== nodeDigest)
    foreign(`runs ${program}, which is called so and is not Node.js`);
  if (holdsApplication && programDigest !== nodeDigest) {
    foreign(`runs the application that ${program} holds, and not the script that it is given`);
    return null;
  }
  const { script } = splitCommandLine(words);
  if (script === undefined) {
    foreign('runs code from its command line or its input, and no script of this tree');
    return null;
  }
  const path = scriptPath(script, facts);
  if (!tree.holds(path)) foreign(`runs ${path}, which is not of this tree`);
  return path;
}

interface Preload {
  readonly option: string;
  readonly from: string;
  /** Whether it names a file, and no module. */
  readonly isFile: boolean;
}

function preloadsAround({ words, environment }: ProcessFacts): readonly Preload[] {
  const { options } = splitCommandLine(words);
  const inEnvironment = splitOptions(environment.get('NODE_OPTIONS') ?? '');
  return [
    { words: options, from: '' },
    { words: inEnvironment, from: ' by NODE_OPTIONS' },
  ].flatMap(({ words: own, from }) =>
    preloadsOf(own)
      .map((option) => ({ option, from, isFile: false }))
      .concat(codeFilesOf(own).map((option) => ({ option, from, isFile: true }))),
  );
}

/** `dist/x.js` is a package called `dist` to whatever loads modules, as `./dist/x.js` is not: it lies who knows where. */
function preloadPath(option: string, facts: ProcessFacts): string {
  const value = valueOfOption(option);
  return /^(?:\.{0,2}\/|file:)/.test(value) ? pathOf(value, facts) : value;
}

interface MappingCheck {
  readonly facts: ProcessFacts;
  readonly tree: ProcessTree;
  readonly foreign: (message: string) => void;
  readonly changed: (message: string) => void;
  readonly notes: string[];
}

function checkMapping(
  { path, isReplaced }: MappedFile,
  { facts, tree, foreign, changed, notes }: MappingCheck,
): void {
  if (path === facts.program) return;
  if (isOfSystem(path)) {
    if (isReplaced) notes.push(`${path}, of the operating system, was replaced since: restart it`);
    return;
  }
  const isOfTree = path.startsWith(`${tree.root}/`) || tree.holdsAsDependency(path);
  if (!isOfTree) foreign(`has native code from elsewhere: ${path}`);
  else if (isReplaced) changed(`${path}, native code, was deleted or replaced`);
  else if (changedAtMs(`/proc/${facts.pid}/root${path}`) > facts.startedAt.getTime() + START_TICK_MS) {
    changed(`${path}, native code, was changed`);
  } else if (!tree.holds(path)) notes.push(`has native code of a dependency: ${path}`);
}

function noteSurroundings(facts: ProcessFacts, tree: ProcessTree, notes: string[]): void {
  const { environment, mounts, hasOwnRoot, hasOwnMounts, words } = facts;
  if (hasOwnRoot) notes.push('has a root of its own; the tree was read through it');
  else if (hasOwnMounts) notes.push('has mounts of its own; the tree was read through them');
  for (const point of mounts) {
    if (point === tree.root || point.startsWith(`${tree.root}/`)) notes.push(`is mounted: ${point}`);
  }
  const nodePath = environment.get('NODE_PATH');
  if (nodePath !== undefined && nodePath !== '')
    notes.push(`looks for packages in ${nodePath} as well (NODE_PATH)`);
  const options = [
    ...splitCommandLine(words).options,
    ...splitOptions(environment.get('NODE_OPTIONS') ?? ''),
  ];
  if (asksForInspector(options)) notes.push('its inspector listens: whoever reaches it can run code');
}
