/**
 * Where lies what is not code: in the tarball of this package within it (scripts/stage.mjs), in a checkout beside it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PACKAGE = new URL('../../../', import.meta.url);
const PACKED_PAGE = new URL('page/', PACKAGE);

/** What this program is called, and which release of it this is. */
export const { name: SERVICE, version: VERSION } = JSON.parse(
  readFileSync(new URL('package.json', PACKAGE), 'utf8'),
) as { readonly name: string; readonly version: string };

const isPacked = existsSync(PACKED_PAGE);

/** The built page. */
export const PAGE = isPacked ? PACKED_PAGE : new URL('../page/dist/site/', PACKAGE);

/** The guides. */
export const GUIDES = new URL(isPacked ? 'docs/' : '../../docs/', PACKAGE);

/** By their places: what anybody plants elsewhere under one of these names counts. */
const NOT_RUN = [
  'src',
  'test',
  'dist/test',
  'tsconfig.json',
  // Links to the programs of packages, which npm makes: they lead to files that count, and no source may have links.
  'node_modules/.bin',
];
/** Of the page, which runs in a browser. Elsewhere it would lie nearer to our code than the packages that were installed. */
const PAGE_MODULES = 'page/node_modules';

/** The source that runs, without what is not ours; of a checkout, the packages that run, without what is not run. */
export const SOURCE = isPacked
  ? { root: fileURLToPath(PACKAGE), exclude: './node_modules' }
  : {
      root: fileURLToPath(new URL('../', PACKAGE)),
      exclude: [
        ...['shared', 'health', 'integrity', 'dev-servers', 'server', 'page'].flatMap((name) =>
          NOT_RUN.map((place) => `${name}/${place}`),
        ),
        PAGE_MODULES,
      ].join(','),
    };
