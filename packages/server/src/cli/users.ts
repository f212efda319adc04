/** `portal user add | list | permission | disable | enable | remove` */
import { InvalidArgumentError, type Command } from 'commander';
import { isPermission, PERMISSION_NAMES, type Permission } from '../auth/permission.js';
import { inColumns, withStores } from './command.js';

const LEVELS = 'User, Moderator, Admin or Owner, or 0 to 3';

export function addUserCommands(program: Command): void {
  const user = program.command('user').description('Users and their permissions.');
  user
    .command('add')
    .description('Add a user.')
    .argument('<name>', '3 to 32 letters, digits, ".", "_" and "-"')
    .option('--permission <level>', LEVELS, permissionArgument, 0)
    .action((name: string, { permission }: { permission: Permission }) =>
      withStores(async ({ users }) => {
        const added = await users.add('operator', name, permission);
        console.log(`Added ${added.name}, ${PERMISSION_NAMES[added.permission]}.`);
      }),
    );
  user.command('list').description('List all users.').action(listUsers);
  user
    .command('permission')
    .description('Change what a user may do; it counts from the next request on.')
    .argument('<name>')
    .argument('<level>', LEVELS, permissionArgument)
    .action((name: string, level: Permission) =>
      withStores(async ({ users }) => {
        const changed = await users.setPermission('operator', name, level);
        console.log(`${changed.name} is now ${PERMISSION_NAMES[changed.permission]}.`);
      }),
    );
  user
    .command('disable')
    .description('Keep a user out: all sessions, codes and tokens end at once, and there are no new ones.')
    .argument('<name>')
    .action((name: string) =>
      withStores(async ({ users }) => {
        const disabled = await users.disable('operator', name);
        console.log(`${disabled.name} is disabled, and signed out everywhere.`);
      }),
    );
  user
    .command('enable')
    .description('Let a disabled user sign in again; sessions that have ended stay so.')
    .argument('<name>')
    .action((name: string) =>
      withStores(async ({ users }) => {
        const enabled = await users.enable('operator', name);
        console.log(`${enabled.name} can sign in.`);
      }),
    );
  user
    .command('remove')
    .description('Remove a user for good, with all sessions, codes and tokens; the audit keeps the name.')
    .argument('<name>')
    .action((name: string) =>
      withStores(async ({ users }) => {
        const removed = await users.remove('operator', name);
        console.log(`Removed ${removed.name}.`);
      }),
    );
}

async function listUsers(): Promise<void> {
  await withStores(async ({ users }) => {
    const all = await users.list();
    const rows = all.map(({ name, permission, createdAt, disabledAt }) => [
      name,
      PERMISSION_NAMES[permission],
      createdAt.toISOString(),
      disabledAt?.toISOString() ?? '',
    ]);
    const head = ['NAME', 'PERMISSION', 'ADDED', 'DISABLED'];
    const shown = all.some(({ disabledAt }) => disabledAt) ? head.length : head.length - 1;
    console.log(inColumns([head, ...rows].map((row) => row.slice(0, shown))));
  });
}

/** By name, in any case, or by number. */
function permissionArgument(text: string): Permission {
  const level = /^\d$/.test(text)
    ? Number(text)
    : PERMISSION_NAMES.findIndex((name) => name.toLowerCase() === text.toLowerCase());
  if (!isPermission(level)) {
    throw new InvalidArgumentError(`It must be one of ${PERMISSION_NAMES.join(', ')}, or 0 to 3.`);
  }
  return level;
}
