import { asCount } from 'portal-shared/json';
import { printable } from 'portal-shared/printable';
import { requestAsAdmin, SERVICE_HELP, SERVICE_OPTIONS } from 'portal-shared/cli/client';
import type { CliCommand } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { countOf } from './print-changes.js';
import { one, parse } from 'portal-shared/cli/arguments';
import { LOADED_PATH, loadedVerification } from './verify-service.js';

export const loadedCommand: CliCommand = {
  synopsis: 'URL',
  about: 'List the scripts that a service holds in memory, and which of them are not the files it hashed.',
  options: SERVICE_HELP,
  async run(args, terminal) {
    const { values, positionals } = parse(args, SERVICE_OPTIONS);
    const inspection = await requestAsAdmin(one(positionals, 'URL'), LOADED_PATH, values);
    const { scripts, different, unknown } = loadedVerification(inspection, undefined);
    for (const path of different) terminal.line(`${terminal.paint('red', 'different')} ${printable(path)}`);
    for (const path of unknown) terminal.line(`${terminal.paint('red', 'unknown  ')} ${printable(path)}`);
    const outside = asCount(inspection['outside']) ?? 0;
    const evaluated = asCount(inspection['evaluated']) ?? 0;
    terminal.line(
      `${countOf(scripts, 'script')} of the source, ${outside} from outside of it, ${evaluated} made from text`,
    );
    terminal.document(inspection);
    return different.length + unknown.length > 0 ? EXIT.loadedDiffers : EXIT.clean;
  },
};
