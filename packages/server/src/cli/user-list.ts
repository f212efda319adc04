import { Command } from 'commander';
import { PERMISSION_NAMES } from '../permission.js';
import { inColumns } from './columns.js';
import { withRecords } from './open-records.js';

/** `portal user list` */
export function userListCommand(): Command {
  return new Command('list').description('List all users.').action(() =>
    withRecords(async ({ users }) => {
      const all = await users.list();
      // A column that is empty for nearly everybody would only be in the way.
      const isAnyDisabled = all.some(({ disabledAt }) => disabledAt);
      const rows = all.map(({ name, permission, createdAt, disabledAt }) => [
        name,
        PERMISSION_NAMES[permission],
        createdAt.toISOString(),
        ...(isAnyDisabled ? [disabledAt?.toISOString() ?? ''] : []),
      ]);
      const head = ['NAME', 'PERMISSION', 'ADDED', ...(isAnyDisabled ? ['DISABLED'] : [])];
      console.log(inColumns([head, ...rows]));
    }),
  );
}
