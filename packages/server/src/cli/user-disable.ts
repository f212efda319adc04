import { Command } from 'commander';
import { withRecords } from './open-records.js';

/** `portal user disable NAME` */
export function userDisableCommand(): Command {
  return new Command('disable')
    .description('Keep a user out: all sessions, codes and tokens end at once, and there are no new ones.')
    .argument('<name>')
    .action((name: string) =>
      withRecords(async ({ users }) => {
        const user = await users.disable('operator', name);
        console.log(`${user.name} is disabled, and signed out everywhere.`);
      }),
    );
}
