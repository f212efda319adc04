/** `portal session create | list | revoke` and `portal login-code create` */
import { InvalidArgumentError, type Command } from 'commander';
import { sessionCookie } from '../auth/cookie.js';
import { PERMISSION_NAMES } from '../auth/permission.js';
import { openLink } from '../config/url-rules.js';
import { PortalError } from '../errors.js';
import { pasteLine } from '../urls.js';
import { inColumns, withStores } from './command.js';

export function addSessionCommands(program: Command): void {
  const session = program.command('session').description('Sessions, by which users are signed in.');
  session
    .command('create')
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
  session
    .command('list')
    .description('List the sessions that are open.')
    .option('--user <name>', 'only those of this user')
    .action(listSessions);
  session
    .command('revoke')
    .description('End sessions; it counts from the next request on.')
    .argument('[ids...]', 'the sessions, by their number in "portal session list"', collectIds, [])
    .option('--user <name>', 'all sessions of this user')
    .action(revokeSessions);

  program
    .command('login-code')
    .description('One-time codes, with which users sign in.')
    .command('create')
    .description('Make a code, and a link, that signs a user in once within ten minutes.')
    .requiredOption('--user <name>', 'who is signed in')
    .action(({ user: name }: { user: string }) =>
      withStores(async ({ users, signIn, serviceUrl }) => {
        const user = await users.enabled(name);
        const { code } = await signIn.make(user.id, 'command');
        console.log(code);
        console.log(openLink(serviceUrl, code));
      }),
    );
}

async function listSessions({ user: name }: { user?: string }): Promise<void> {
  await withStores(async ({ users, sessions }) => {
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
  });
}

async function revokeSessions(ids: readonly number[], { user: name }: { user?: string }): Promise<void> {
  await withStores(async ({ users, sessions }) => {
    if ((ids.length === 0) === (name === undefined)) {
      throw new PortalError('badRequest', 'Expected numbers of sessions or --user NAME, one of the two.');
    }
    const all = name === undefined ? [] : await sessions.list((await users.named(name)).id);
    const revoked = await sessions.revoke(name === undefined ? ids : all.map(({ id }) => id));
    if (revoked < ids.length) {
      throw new PortalError(
        'notFound',
        `Ended ${revoked} of ${ids.length} sessions; the others were not open.`,
      );
    }
    console.log(`Ended ${revoked} ${revoked === 1 ? 'session' : 'sessions'}.`);
  });
}

function collectIds(text: string, before: readonly number[]): readonly number[] {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be the number of a session.');
  return [...before, Number(text)];
}
