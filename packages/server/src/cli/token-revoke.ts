import { Command } from 'commander';
import { PortalError } from '../errors.js';
import { withStores } from './with-stores.js';

/** `portal token revoke NAME` */
export function tokenRevokeCommand(): Command {
  return new Command('revoke')
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
