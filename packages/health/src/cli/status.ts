import { asList, asString } from 'portal-shared/json';
import { printable } from 'portal-shared/printable';
import { requestDocument, parseUrl, readTimeout, SERVICE_OPTIONS } from 'portal-shared/cli/client';
import { InconclusiveError, type CliCommand } from 'portal-shared/cli/command';
import { one, parse } from 'portal-shared/cli/arguments';
import type { Colour } from 'portal-shared/cli/terminal';

/** As the contract has it, and fit for a container's HEALTHCHECK. Not the bit mask of the other commands. */
const EXIT_OF_STATUS = new Map<unknown, number>([
  ['healthy', 0],
  ['degraded', 1],
  ['unhealthy', 2],
]);
const UNREACHABLE = 3;
const COLOURS = new Map<unknown, Colour>([
  ['healthy', 'green'],
  ['degraded', 'yellow'],
]);

export const statusCommand: CliCommand = {
  synopsis: 'URL',
  about: 'Print the health of a service. Exits 0 healthy, 1 degraded, 2 unhealthy, 3 unreachable.',
  options: [['--timeout-ms N', 'give up after this long; default 5000']],
  async run(args, terminal) {
    const { values, positionals } = parse(args, { 'timeout-ms': SERVICE_OPTIONS['timeout-ms'] });
    const url = parseUrl(one(positionals, 'URL'));
    if (url.pathname === '/') url.pathname = '/health';
    try {
      const { status: code, document } = await requestDocument(url, readTimeout(values));
      const status = asString(document?.['status']);
      const exit = EXIT_OF_STATUS.get(status);
      if (status === undefined || exit === undefined) {
        throw new InconclusiveError(`${url.href} answers ${code}, and not with a health document.`);
      }
      terminal.line(terminal.paint(COLOURS.get(status) ?? 'red', status));
      for (const error of asList(document?.['errors']) ?? [])
        terminal.line(`  ${printable(asString(error) ?? '')}`);
      terminal.document(document);
      return exit;
    } catch (error) {
      if (!(error instanceof InconclusiveError)) throw error;
      terminal.complain(error.message);
      terminal.document({ status: null, error: error.message });
      return UNREACHABLE;
    }
  },
};
