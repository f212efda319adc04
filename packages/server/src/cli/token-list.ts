import { Command } from 'commander';
import { inColumns } from './columns.js';
import { withStores } from './with-stores.js';

/** `portal token list` */
export function tokenListCommand(): Command {
  return new Command('list').description('List the tokens of machines that open something.').action(() =>
    withStores(async ({ machines }) => {
      const rows = (await machines.list()).map((machine) => [
        String(machine.id),
        machine.name,
        machine.userName ?? '-',
        `…${machine.tokenSuffix}`,
        machine.createdAt.toISOString(),
        machine.expiresAt?.toISOString() ?? 'never',
      ]);
      console.log(inColumns([['ID', 'NAME', 'USER', 'TOKEN', 'MADE', 'ENDS'], ...rows]));
    }),
  );
}
