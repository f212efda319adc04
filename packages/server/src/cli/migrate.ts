import { Command } from 'commander';
import { withStores } from './with-stores.js';

/** `portal migrate` */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the tables of the database up to date. The service does so by itself when it starts.')
    .action(() =>
      withStores(({ migrated }) => {
        for (const name of migrated) console.log(`applied ${name}`);
        if (migrated.length === 0) console.log('The tables are up to date.');
        return Promise.resolve();
      }),
    );
}
