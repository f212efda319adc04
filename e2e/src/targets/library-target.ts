/** The library, in a small application of its own process. */
import { fileURLToPath } from 'node:url';
import { startListening, type Target, type TargetOptions } from './target.js';

const APPLICATION = fileURLToPath(new URL('library-app.js', import.meta.url));
/** What its administrators send; the application has no sessions. */
const COOKIE = 'admin=yes';

/** Starts the application. */
export async function startLibrary(options: TargetOptions): Promise<Target> {
  const app = await startListening(
    [APPLICATION],
    {
      DATABASE_URL: options.databaseUrl,
      REDIS_URL: options.redisUrl,
      SOURCE: options.source,
      EXPLAIN: options.explain ? options.explainConnection : 'off',
      NODE_OPTIONS: options.nodeOptions,
    },
    options,
  );
  return {
    ...app,
    name: 'library',
    adminPath: '/admin/health',
    reasonsPath: '/admin/health/reasons',
    cookies: [COOKIE],
  };
}
