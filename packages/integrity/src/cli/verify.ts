import { StatementError } from '../release/statement-error.js';
import { printable } from 'portal-shared/printable';
import type { Scope } from '../scan/scope.js';
import { isUrl, SERVICE_HELP, SERVICE_OPTIONS, type ServiceValues } from 'portal-shared/cli/client';
import { InconclusiveError, UsageError, type CliCommand } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import {
  EXPECTATION_HELP,
  EXPECTATION_OPTIONS,
  readExpectation,
  exitOfLockFile,
  rememberSequence,
  type ReleaseExpectation,
} from './expectation.js';
import { printScanErrors, countOf, printChanges } from './print-changes.js';
import { parse, readCount } from 'portal-shared/cli/arguments';
import { hasExcludes, readScope, SCOPE_HELP, SCOPE_OPTIONS } from './scope-options.js';
import { readProcess, type ProcessFacts } from './process-facts.js';
import { folderOfProcess } from './process-root.js';
import type { Colour, Terminal } from 'portal-shared/cli/terminal';
import { verifyFolder } from './verify-folder.js';
import { verifyProcess } from './verify-process.js';
import { verifyService } from './verify-service.js';

export const verifyCommand: CliCommand = {
  synopsis: '[DIR] [URL] [--pid N]',
  about:
    'Check a folder, a running service, or both, against a release. What is found from outside outranks what the service says.',
  options: [
    ...EXPECTATION_HELP,
    [
      '--pid N',
      'check that process N runs DIR, as it sees it through its own root; default its working folder. Linux only',
    ],
    ['--preload NAME', 'with --pid: what --import, --require or NODE_OPTIONS may load; repeatable'],
    ['--node-digest HASH', 'with --pid: the SHA-256 that its Node.js must have'],
    ...SCOPE_HELP,
    ...SERVICE_HELP,
  ],
  async run(args, terminal) {
    const { values, positionals } = parse(args, {
      ...EXPECTATION_OPTIONS,
      ...SCOPE_OPTIONS,
      ...SERVICE_OPTIONS,
      pid: { type: 'string' },
      preload: { type: 'string', multiple: true },
      'node-digest': { type: 'string' },
    });
    const urls = positionals.filter(isUrl);
    const folders = positionals.filter((target) => !isUrl(target));
    if (values.pid !== undefined && folders.length === 0) folders.push('.');
    if (urls.length + folders.length === 0) throw new UsageError('Expected a DIR, a URL or --pid.');
    if (values.statement !== undefined && hasExcludes(values)) {
      throw new UsageError('Expected no --exclude with --statement: the scope is the one that was signed.');
    }

    let expected: ReleaseExpectation;
    try {
      expected = readExpectation(values, terminal);
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      terminal.complain(error.message);
      terminal.document({ exit: EXIT.notBelieved, error: error.message, code: error.code });
      return EXIT.notBelieved;
    }

    const found: Found[] = [];
    const pid = values.pid === undefined ? undefined : readCount('pid', values.pid);
    for (const folder of folders) {
      const given = readScope(pid === undefined ? folder : folderOfProcess(pid, folder), values);
      const { exclude, links, leftOut } = expected.statement ?? given;
      const scope = { ...given, exclude, links, leftOut };
      const ofFolder = checkFolder(folder, scope, expected, terminal);
      found.push(ofFolder);
      if (pid !== undefined) {
        const word = wordOf(ofFolder.exit, expected.by);
        const nodeDigest = values['node-digest'] ?? expected.statement?.nodeBinary ?? undefined;
        found.push(checkProcess(pid, { scope, word, preloads: values.preload ?? [], nodeDigest, terminal }));
      }
    }
    for (const url of urls) found.push(await checkService(url, expected, values, terminal));
    if (values.lockfile !== undefined) {
      found.push({ target: values.lockfile, exit: exitOfLockFile(values.lockfile, expected, terminal) });
    }
    if (expected.by === 'nobody')
      terminal.complain('The manifest is not signed: anyone could have written it.');
    const exit = found.reduce<number>(
      (bits, finding) => bits | finding.exit,
      expected.by === 'nobody' ? EXIT.notBelieved : EXIT.clean,
    );
    if (exit === EXIT.clean) rememberSequence(values.remember, expected);
    terminal.document({ exit, expected: { source_hash: expected.hash, by: expected.by }, found });
    return exit;
  },
};

interface Found {
  readonly target: string;
  readonly exit: number;
  readonly [key: string]: unknown;
}

function checkFolder(target: string, scope: Scope, expected: ReleaseExpectation, terminal: Terminal): Found {
  const finding = verifyFolder(scope, expected, terminal);
  if (finding.contradiction !== undefined) terminal.complain(finding.contradiction);
  printVerdict(terminal, finding.exit, expected, target, releaseOf(expected, finding.files));
  const added = finding.refusals.filter(({ code }) => code === 'E_LEFT_OUT');
  printChanges(
    terminal,
    added.map(({ path }) => ({ kind: 'added', path, files: 1, note: '(out of scope)' })),
  );
  printScanErrors(terminal, finding.refusals);
  if (finding.comparison) printChanges(terminal, finding.comparison.changes);
  else if (finding.exit === EXIT.modified) {
    terminal.line(
      `  hash      ${finding.hash}, expected ${expected.hash}; --manifest tells which files differ`,
    );
  }
  return { target, ...finding };
}

interface ProcessCheck {
  readonly scope: Scope;
  /** What was said of the tree: a process that runs it can be no better. */
  readonly word: [word: string, colour: Colour];
  readonly preloads: readonly string[];
  readonly nodeDigest: string | undefined;
  readonly terminal: Terminal;
}

function checkProcess(pid: number, { scope, word, preloads, nodeDigest, terminal }: ProcessCheck): Found {
  const target = `process ${pid}`;
  let facts: ProcessFacts;
  try {
    facts = readProcess(pid);
  } catch (error) {
    if (!(error instanceof InconclusiveError)) throw error;
    terminal.line(`${terminal.paint('yellow', 'open     ')} ${target}`);
    terminal.complain(error.message);
    return { target, exit: EXIT.inconclusive };
  }
  const finding = verifyProcess(facts, { scope, preloads, nodeDigest });
  const { script, findings, notes } = finding;
  const [verdict, colour] = finding.exit === EXIT.clean ? word : [finding.verdict, 'red' as const];
  const started = facts.startedAt.toISOString();
  const what = [facts.program, ...(script === null || script === facts.program ? [] : [script])].join(' ');
  const painted = terminal.paint(colour, verdict.padEnd(9));
  terminal.line(`${painted} ${target}  ${printable(what)}, since ${started}`);
  for (const { message } of findings) terminal.line(`  ${printable(message)}`);
  for (const note of notes) terminal.complain(`process ${pid} ${printable(note)}`);
  const { program, programDigest } = facts;
  return { target, ...finding, verdict, started_at: started, program, program_sha256: programDigest };
}

async function checkService(
  target: string,
  expected: ReleaseExpectation,
  values: ServiceValues,
  terminal: Terminal,
): Promise<Found> {
  try {
    const finding = await verifyService(target, expected, values);
    const { loaded } = finding;
    printVerdict(terminal, finding.exit, expected, target, `${countOf(loaded.scripts, 'script')} in memory`);
    if (finding.bootHash !== expected.hash) {
      terminal.line(`  started   as ${finding.bootHash ?? 'unknown'}, expected ${expected.hash}`);
    }
    if (finding.diskHash !== finding.bootHash) {
      terminal.line(`  disk      now ${finding.diskHash ?? 'unknown'}`);
    }
    if (finding.driftedSince !== null) {
      terminal.line(`  drifted   first on ${printable(finding.driftedSince)}; stays told until a restart`);
    }
    for (const path of loaded.different) terminal.line(`  in memory ${printable(path)}  is not the file`);
    for (const path of loaded.unknown) terminal.line(`  in memory ${printable(path)}  has no file`);
    return { target, ...finding };
  } catch (error) {
    if (!(error instanceof InconclusiveError)) throw error;
    terminal.complain(error.message);
    return { target, exit: EXIT.inconclusive };
  }
}

function printVerdict(
  terminal: Terminal,
  exit: number,
  { by }: ReleaseExpectation,
  target: string,
  details: string,
): void {
  const [word, colour] = wordOf(exit, by);
  terminal.line(`${terminal.paint(colour, word.padEnd(9))} ${printable(target)}  ${details}`);
}

/** What is printed says the same as the exit code. */
function wordOf(exit: number, by: ReleaseExpectation['by']): [word: string, colour: Colour] {
  if (exit === EXIT.clean) return by === 'nobody' ? ['unsigned', 'yellow'] : ['verified', 'green'];
  return (exit & ~EXIT.inconclusive) === 0 ? ['open', 'yellow'] : ['differs', 'red'];
}

function releaseOf({ statement }: ReleaseExpectation, files: number): string {
  const count = countOf(files, 'file');
  if (!statement) return count;
  const { version, sequence, links, commit } = statement;
  return [
    `release ${printable(version)}`,
    `sequence ${sequence}`,
    count,
    ...(links.length > 0 ? [countOf(links.length, 'link')] : []),
    ...(commit === null ? [] : [`commit ${commit}`]),
  ].join(', ');
}
