import { Command } from 'commander';
import { pasteLine } from '../urls.js';
import { sessionCookie } from '../auth/cookie.js';
import { withStores } from './with-stores.js';

/** `portal session create --user NAME` */
export function sessionCreateCommand(): Command {
  return new Command('create')
    .description('Sign a user in. The cookie is shown this once: it is kept nowhere.')
    .requiredOption('--user <name>', 'who is signed in')
    .action(({ user: name }: { user: string }) =>
      withStores(async ({ config, users, sessions, serviceUrl }) => {
        const user = await users.enabled(name);
        const { token, expiresAt } = await sessions.begin(user.id, 'command');
        console.log(sessionCookie(token, { expires: expiresAt, secure: config.cookieSecure }));
        console.log(pasteLine(serviceUrl, token));
      }),
    );
}
