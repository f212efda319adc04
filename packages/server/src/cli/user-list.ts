import { Command } from 'commander';
import { PERMISSION_NAMES } from '../permission.js';
import { inColumns } from './columns.js';
import { withRecords } from './open-records.js';

/** `portal user list` */
export function userListCommand(): Command {
  return new Command('list').description('List all users.').action(() =>
    withRecords(async ({ users }) => {
      const rows = (await users.list()).map(({ name, permission, createdAt, disabledAt }) => [
        name,
        PERMISSION_NAMES[permission],
        createdAt.toISOString(),
        disabledAt?.toISOString() ?? '',
      ]);
      console.log(inColumns([['NAME', 'PERMISSION', 'ADDED', 'DISABLED'], ...rows]));
    }),
  );
}
