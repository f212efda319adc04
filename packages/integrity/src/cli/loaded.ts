import { asCount, asList, asObject, asString, type JsonObject } from 'portal-shared/json';
import { printable } from 'portal-shared/printable';
import { requestAsAdmin, SERVICE_HELP, SERVICE_OPTIONS } from 'portal-shared/cli/client';
import type { CliCommand } from 'portal-shared/cli/command';
import { countOf } from './print-changes.js';
import type { Terminal } from 'portal-shared/cli/terminal';
import { one, parse } from 'portal-shared/cli/arguments';
import { exitOfLoaded, LOADED_PATH, loadedVerification } from './verify-service.js';

export const loadedCommand: CliCommand = {
  synopsis: 'URL',
  about: 'List the scripts that a service holds in memory, and which of them are not the files it hashed.',
  options: SERVICE_HELP,
  async run(args, terminal) {
    const { values, positionals } = parse(args, SERVICE_OPTIONS);
    const inspection = await requestAsAdmin(one(positionals, 'URL'), LOADED_PATH, values);
    const loaded = loadedVerification(inspection, undefined);
    const { scripts, different, unknown, transformed } = loaded;
    for (const path of different) terminal.line(`${terminal.paint('red', 'different')} ${printable(path)}`);
    for (const path of unknown) terminal.line(`${terminal.paint('red', 'unknown  ')} ${printable(path)}`);
    for (const path of transformed) {
      terminal.line(
        `${terminal.paint('yellow', 'rewritten')} ${printable(path)}  by a loader; cannot be compared`,
      );
    }
    const outside = asCount(inspection['outside']) ?? 0;
    const evaluated = asCount(inspection['evaluated']) ?? 0;
    terminal.line(
      `${countOf(scripts, 'script')} of the source, ${outside} from outside of it, ${evaluated} made from text`,
    );
    printOthers(terminal, inspection);
    if (scripts === 0) terminal.complain('Nothing of the source is in memory, so nothing was compared.');
    terminal.document(inspection);
    return exitOfLoaded(loaded);
  },
};

/** What else brought code into the process. */
function printOthers(terminal: Terminal, inspection: JsonObject): void {
  for (const entry of asList(inspection['packages']) ?? []) {
    const { name, folder, scripts, inside } = asObject(entry) ?? {};
    const label = inside === true ? terminal.paint('yellow', 'inside   ') : 'outside  ';
    const count = countOf(asCount(scripts) ?? 0, 'script');
    terminal.line(
      `${label} ${printable(asString(name) ?? 'no package')}  ${count}, ${printable(asString(folder) ?? '')}`,
    );
  }
  const process = asObject(inspection['process']);
  const preloads = (asList(process?.['preloads']) ?? []).map((preload) => asString(preload) ?? '');
  for (const preload of preloads)
    terminal.line(`${terminal.paint('yellow', 'preloaded')} ${printable(preload)}`);
  for (const addon of asList(process?.['addons']) ?? []) {
    terminal.line(`addon     ${printable(asString(addon) ?? '')}`);
  }
  if (process?.['inspector_open'] === true)
    terminal.complain('The inspector listens: whoever reaches it can run code.');
}
