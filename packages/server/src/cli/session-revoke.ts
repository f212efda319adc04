import { Command, InvalidArgumentError } from 'commander';
import { PortalError } from '../errors.js';
import { withStores } from './with-stores.js';

/** `portal session revoke ID` */
export function sessionRevokeCommand(): Command {
  return new Command('revoke')
    .description('End sessions; it counts from the next request on.')
    .argument('[ids...]', 'the sessions, by their number in "portal session list"', collectIds, [])
    .option('--user <name>', 'all sessions of this user')
    .action((ids: readonly number[], { user: name }: { user?: string }) =>
      withStores(async ({ users, sessions }) => {
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
      }),
    );
}

function collectIds(text: string, before: readonly number[]): readonly number[] {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be the number of a session.');
  return [...before, Number(text)];
}
