import { Command } from 'commander';
import { withStores } from './with-stores.js';

/** `portal user enable NAME` */
export function userEnableCommand(): Command {
  return new Command('enable')
    .description('Let a disabled user sign in again; sessions that have ended stay so.')
    .argument('<name>')
    .action((name: string) =>
      withStores(async ({ users }) => {
        const user = await users.enable('operator', name);
        console.log(`${user.name} can sign in.`);
      }),
    );
}
