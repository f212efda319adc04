import { Command } from 'commander';
import { withRecords } from './open-records.js';

/** `portal user enable NAME` */
export function userEnableCommand(): Command {
  return new Command('enable')
    .description('Let a disabled user sign in again; sessions that have ended stay so.')
    .argument('<name>')
    .action((name: string) =>
      withRecords(async ({ users }) => {
        const user = await users.enable('operator', name);
        console.log(`${user.name} can sign in.`);
      }),
    );
}
