import { Command, InvalidArgumentError } from 'commander';
import { PortalError } from '../errors.js';
import { MACHINE_NAME } from '../auth/sessions/machines.js';
import { ADMIN } from '../auth/permission.js';
import { withStores } from './with-stores.js';

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** Ten years. */
const LONGEST_MS = 3_650 * 86_400_000;

interface Options {
  readonly name: string;
  readonly expires: Life;
  readonly user?: string;
}

/** Milliseconds, or for ever. */
type Life = number | 'never';

/** `portal token create --name NAME` */
export function tokenCreateCommand(): Command {
  return new Command('create')
    .description(
      'Make a token by which a machine reads what administrators read. Standard output gets the token and nothing else, this once: it is kept nowhere.',
    )
    .requiredOption(
      '--name <name>',
      'what it is for: 1 to 40 letters, digits, ".", "_" and "-"',
      nameArgument,
    )
    .option('--expires <time>', 'when it ends: 12h, 90d, 4w, or never', lifeArgument, lifeArgument('90d'))
    .option('--user <name>', 'an administrator with whom it ends')
    .action(({ name, expires, user: userName }: Options) =>
      withStores(async ({ users, machines }) => {
        const user = userName === undefined ? undefined : await users.named(userName);
        if (user && (user.permission < ADMIN || user.disabledAt)) {
          throw new PortalError(
            'badRequest',
            `Expected \`--user\` to be an administrator, got ${user.name}.`,
          );
        }
        const lifeMs = expires === 'never' ? undefined : expires;
        const made = await machines.make({ name, lifeMs, userId: user?.id });
        if (!made) throw new PortalError('conflict', `There is a token of the name ${name} already.`);
        console.log(made.token);
        console.error(
          made.expiresAt === null
            ? 'It never ends; revoke it.'
            : `It ends at ${made.expiresAt.toISOString()}.`,
        );
      }),
    );
}

function nameArgument(text: string): string {
  if (!MACHINE_NAME.test(text) || /^\d+$/.test(text)) {
    throw new InvalidArgumentError(
      'It must be 1 to 40 letters, digits, ".", "_" and "-", and not digits alone.',
    );
  }
  return text;
}

function lifeArgument(text: string): Life {
  if (text === 'never') return text;
  const [, count, unit = ''] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  const lifeMs = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (!(lifeMs > 0 && lifeMs <= LONGEST_MS)) {
    throw new InvalidArgumentError(
      'It must be a number of hours, days or weeks, such as 12h, 90d or 4w, at most ten years; or never.',
    );
  }
  return lifeMs;
}
