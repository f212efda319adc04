import { Command } from 'commander';
import { PERMISSION_NAMES, type Permission } from '../auth/permission.js';
import { withStores } from './with-stores.js';
import { permissionArgument } from './permission-argument.js';

/** `portal user add NAME` */
export function userAddCommand(): Command {
  return new Command('add')
    .description('Add a user.')
    .argument('<name>', '3 to 32 letters, digits, ".", "_" and "-"')
    .option('--permission <level>', 'User, Moderator, Admin or Owner, or 0 to 3', permissionArgument, 0)
    .action((name: string, { permission }: { permission: Permission }) =>
      withStores(async ({ users }) => {
        const user = await users.add('operator', name, permission);
        console.log(`Added ${user.name}, ${PERMISSION_NAMES[user.permission]}.`);
      }),
    );
}
