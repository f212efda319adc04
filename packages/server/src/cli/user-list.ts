import { Command } from 'commander';
import { PERMISSION_NAMES } from '../auth/permission.js';
import { inColumns } from './columns.js';
import { withStores } from './with-stores.js';

/** `portal user list` */
export function userListCommand(): Command {
  return new Command('list').description('List all users.').action(() =>
    withStores(async ({ users }) => {
      const all = await users.list();
      const rows = all.map(({ name, permission, createdAt, disabledAt }) => [
        name,
        PERMISSION_NAMES[permission],
        createdAt.toISOString(),
        disabledAt?.toISOString() ?? '',
      ]);
      const head = ['NAME', 'PERMISSION', 'ADDED', 'DISABLED'];
      // A column that is empty for everybody would only be in the way.
      const shown = all.some(({ disabledAt }) => disabledAt) ? head.length : head.length - 1;
      console.log(inColumns([head, ...rows].map((row) => row.slice(0, shown))));
    }),
  );
}
