import { Command } from 'commander';
import { withStores } from './with-stores.js';

/** `portal user remove NAME` */
export function userRemoveCommand(): Command {
  return new Command('remove')
    .description('Remove a user for good, with all sessions, codes and tokens; the audit keeps the name.')
    .argument('<name>')
    .action((name: string) =>
      withStores(async ({ users }) => {
        const user = await users.remove('operator', name);
        console.log(`Removed ${user.name}.`);
      }),
    );
}
