import { Command } from 'commander';
import { openLink } from '../config/url-rules.js';
import { withStores } from './with-stores.js';

/** `portal login-code create --user NAME` */
export function loginCodeCreateCommand(): Command {
  return new Command('create')
    .description('Make a code, and a link, that signs a user in once within ten minutes.')
    .requiredOption('--user <name>', 'who is signed in')
    .action(({ user: name }: { user: string }) =>
      withStores(async ({ users, signIn, serviceUrl }) => {
        const user = await users.enabled(name);
        const { code } = await signIn.make(user.id, 'command');
        console.log(code);
        console.log(openLink(serviceUrl, code));
      }),
    );
}
