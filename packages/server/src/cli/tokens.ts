/** `portal token create | list | revoke` */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ADMIN } from '../auth/permission.js';
import { MACHINE_NAME } from '../auth/sessions/machines.js';
import { PortalError } from '../errors.js';
import { inColumns, withStores } from './command.js';

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** Ten years. */
const MAX_LIFETIME_MS = 3_650 * 86_400_000;

/** Milliseconds, or for ever. */
type Lifetime = number | 'never';

interface CreateOptions {
  readonly name: string;
  readonly expires: Lifetime;
  readonly user?: string;
}

export function addTokenCommands(program: Command): void {
  const token = program
    .command('token')
    .description('Tokens, by which machines read what administrators read.');
  token
    .command('create')
    .description(
      'Make a token by which a machine reads what administrators read. Standard output gets the token and nothing else, this once: it is kept nowhere.',
    )
    .requiredOption(
      '--name <name>',
      'what it is for: 1 to 40 letters, digits, ".", "_" and "-"',
      nameArgument,
    )
    .addOption(
      new Option('--expires <time>', 'when it ends: 12h, 90d, 4w, or never')
        .argParser(lifetimeArgument)
        .default(lifetimeArgument('90d'), '90d'),
    )
    .option('--user <name>', 'an administrator with whom it ends')
    .action(createToken);
  token.command('list').description('List the tokens of machines that open something.').action(listTokens);
  token
    .command('revoke')
    .description('End a token of a machine; it counts from the next request on.')
    .argument('<name>', 'its name, or its number in "portal token list"')
    .action((nameOrId: string) =>
      withStores(async ({ machines }) => {
        const ended = await machines.revoke(nameOrId);
        if (ended === 0)
          throw new PortalError('notFound', `There is no token ${nameOrId} that opens anything.`);
        console.log(`Ended the token ${nameOrId}.`);
      }),
    );
}

async function createToken({ name, expires, user: userName }: CreateOptions): Promise<void> {
  await withStores(async ({ users, machines }) => {
    const user = userName === undefined ? undefined : await users.named(userName);
    if (user && (user.permission < ADMIN || user.disabledAt)) {
      throw new PortalError('badRequest', `Expected \`--user\` to be an administrator, got ${user.name}.`);
    }
    const lifeMs = expires === 'never' ? undefined : expires;
    const made = await machines.make({ name, lifeMs, userId: user?.id });
    if (!made) throw new PortalError('conflict', `There is a token of the name ${name} already.`);
    console.log(made.token);
    console.error(
      made.expiresAt === null ? 'It never ends; revoke it.' : `It ends at ${made.expiresAt.toISOString()}.`,
    );
  });
}

async function listTokens(): Promise<void> {
  await withStores(async ({ machines }) => {
    const rows = (await machines.list()).map((machine) => [
      String(machine.id),
      machine.name,
      machine.userName ?? '-',
      `…${machine.tokenSuffix}`,
      machine.createdAt.toISOString(),
      machine.expiresAt?.toISOString() ?? 'never',
    ]);
    console.log(inColumns([['ID', 'NAME', 'USER', 'TOKEN', 'MADE', 'ENDS'], ...rows]));
  });
}

function nameArgument(text: string): string {
  if (!MACHINE_NAME.test(text) || /^\d+$/.test(text)) {
    throw new InvalidArgumentError(
      'It must be 1 to 40 letters, digits, ".", "_" and "-", and not digits alone.',
    );
  }
  return text;
}

function lifetimeArgument(text: string): Lifetime {
  if (text === 'never') return text;
  const [, count, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  const lifeMs = Number(count) * (UNITS_MS[unit] ?? Number.NaN);
  if (!(lifeMs > 0 && lifeMs <= MAX_LIFETIME_MS)) {
    throw new InvalidArgumentError(
      'It must be a number of hours, days or weeks, such as 12h, 90d or 4w, at most ten years; or never.',
    );
  }
  return lifeMs;
}
