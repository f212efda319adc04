import { Command } from 'commander';
import { withStores } from './with-stores.js';

/** `portal user disable NAME` */
export function userDisableCommand(): Command {
  return new Command('disable')
    .description('Keep a user out: all sessions, codes and tokens end at once, and there are no new ones.')
    .argument('<name>')
    .action((name: string) =>
      withStores(async ({ users }) => {
        const user = await users.disable('operator', name);
        console.log(`${user.name} is disabled, and signed out everywhere.`);
      }),
    );
}
