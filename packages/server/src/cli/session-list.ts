import { Command } from 'commander';
import { PERMISSION_NAMES } from '../auth/permission.js';
import { inColumns } from './columns.js';
import { withStores } from './with-stores.js';

/** `portal session list` */
export function sessionListCommand(): Command {
  return new Command('list')
    .description('List the sessions that are open.')
    .option('--user <name>', 'only those of this user')
    .action(({ user: name }: { user?: string }) =>
      withStores(async ({ users, sessions }) => {
        const userId = name === undefined ? undefined : (await users.named(name)).id;
        const rows = (await sessions.list(userId)).map((session) => [
          String(session.id),
          session.userName,
          PERMISSION_NAMES[session.permission],
          `…${session.tokenSuffix}`,
          session.createdAt.toISOString(),
          session.expiresAt.toISOString(),
        ]);
        console.log(inColumns([['ID', 'USER', 'PERMISSION', 'TOKEN', 'BEGAN', 'ENDS'], ...rows]));
      }),
    );
}
