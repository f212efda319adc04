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
  rememberSequence,
  type Expectation,
} from './expectation.js';
import { printScanErrors, countOf, printChanges } from './print-changes.js';
import { parse, readCount } from 'portal-shared/cli/arguments';
import { hasExcludes, readScope, SCOPE_HELP, SCOPE_OPTIONS } from './scope-options.js';
import { folderOfProcess } from './process-root.js';
import type { Terminal } from 'portal-shared/cli/terminal';
import { verifyFolder } from './verify-folder.js';
import { verifyService } from './verify-service.js';

export const verifyCommand: CliCommand = {
  synopsis: '[DIR] [URL] [--pid N]',
  about:
    'Check a folder, a running service, or both, against a release. What is found from outside outranks what the service says.',
  options: [
    ...EXPECTATION_HELP,
    ['--pid N', 'take DIR as process N sees it, through its own root; default its working folder'],
    ...SCOPE_HELP,
    ...SERVICE_HELP,
  ],
  async run(args, terminal) {
    const { values, positionals } = parse(args, {
      ...EXPECTATION_OPTIONS,
      ...SCOPE_OPTIONS,
      ...SERVICE_OPTIONS,
      pid: { type: 'string' },
    });
    const urls = positionals.filter(isUrl);
    const folders = positionals.filter((target) => !isUrl(target));
    if (values.pid !== undefined && folders.length === 0) folders.push('.');
    if (urls.length + folders.length === 0) throw new UsageError('Expected a DIR, a URL or --pid.');
    if (values.statement !== undefined && hasExcludes(values)) {
      throw new UsageError('Expected no --exclude with --statement: the scope is the one that was signed.');
    }

    let expected: Expectation;
    try {
      expected = readExpectation(values);
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      terminal.complain(error.message);
      terminal.document({ exit: EXIT.notBelieved, error: error.message, code: error.code });
      return EXIT.notBelieved;
    }

    const found: Found[] = [];
    for (const folder of folders) {
      const seenAs =
        values.pid === undefined ? folder : folderOfProcess(readCount('pid', values.pid), folder);
      const scope = readScope(seenAs, values);
      found.push(
        checkFolder(
          folder,
          { ...scope, exclude: expected.statement?.exclude ?? scope.exclude },
          expected,
          terminal,
        ),
      );
    }
    for (const url of urls) found.push(await checkService(url, expected, values, terminal));
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
}

function checkFolder(target: string, scope: Scope, expected: Expectation, terminal: Terminal): Found {
  const finding = verifyFolder(scope, expected, terminal);
  printVerdict(terminal, finding.exit, expected, target, releaseOf(expected, finding.files));
  printScanErrors(terminal, finding.refusals);
  if (finding.comparison) printChanges(terminal, finding.comparison.changes);
  else if (finding.exit === EXIT.modified) {
    terminal.line(
      `  hash      ${finding.hash}, expected ${expected.hash}; --manifest tells which files differ`,
    );
  }
  return { target, ...finding };
}

async function checkService(
  target: string,
  expected: Expectation,
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
  { by }: Expectation,
  target: string,
  details: string,
): void {
  const verdict =
    exit === EXIT.clean
      ? by === 'nobody'
        ? terminal.paint('yellow', 'unsigned ')
        : terminal.paint('green', 'verified ')
      : (exit & ~EXIT.inconclusive) === 0
        ? terminal.paint('yellow', 'open     ')
        : terminal.paint('red', 'differs  ');
  terminal.line(`${verdict} ${printable(target)}  ${details}`);
}

function releaseOf({ statement }: Expectation, files: number): string {
  const count = countOf(files, 'file');
  return statement
    ? `release ${printable(statement.version)}, sequence ${statement.sequence}, ${count}`
    : count;
}
