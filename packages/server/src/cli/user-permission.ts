import { Command } from 'commander';
import { PERMISSION_NAMES, type Permission } from '../auth/permission.js';
import { withStores } from './with-stores.js';
import { permissionArgument } from './permission-argument.js';

/** `portal user permission NAME LEVEL` */
export function userPermissionCommand(): Command {
  return new Command('permission')
    .description('Change what a user may do; it counts from the next request on.')
    .argument('<name>')
    .argument('<level>', 'User, Moderator, Admin or Owner, or 0 to 3', permissionArgument)
    .action((name: string, level: Permission) =>
      withStores(async ({ users }) => {
        const user = await users.setPermission('operator', name, level);
        console.log(`${user.name} is now ${PERMISSION_NAMES[user.permission]}.`);
      }),
    );
}
