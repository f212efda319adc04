/** The whole service, as the binary that an operator runs. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startListening, type Target, type TargetOptions } from './target.js';

const MAIN = fileURLToPath(new URL('../../../packages/server/dist/src/main.js', import.meta.url));
const ADMINISTRATORS = 3;

/** Starts it, with a few administrators. */
export async function startServiceTarget(options: TargetOptions): Promise<Target> {
  const stores = { DATABASE_URL: options.databaseUrl, REDIS_URL: options.redisUrl };
  const service = await startListening(
    [MAIN, 'serve'],
    {
      ...stores,
      PORT: '0',
      // Its clients send many requests.
      PORTAL_SESSION_REQUESTS_PER_MINUTE: '0',
      PORTAL_REFUSALS_PER_MINUTE: '0',
      // A minute is long for a scenario of the matrix.
      PORTAL_WRITE_INTERVAL_MS: '2000',
      PORTAL_SOURCE_ROOT: options.source,
      PORTAL_SOURCE_EXCLUDE: 'node_modules',
    },
    options,
  );
  try {
    const portal = async (...args: string[]): Promise<string> => {
      const env = { PATH: process.env['PATH'], ...stores };
      return (await promisify(execFile)(process.execPath, [MAIN, ...args], { env })).stdout;
    };
    const name = `admin-${service.pid}`;
    await portal('user', 'add', name, '--permission', 'Admin');
    const cookies: string[] = [];
    for (let made = 0; made < ADMINISTRATORS; made += 1) {
      cookies.push(/psession=[\w-]+/.exec(await portal('session', 'create', '--user', name))?.[0] ?? '');
    }
    return {
      ...service,
      name: 'service',
      adminPath: '/v1/admin/health',
      reasonsPath: '/v1/admin/reasons',
      cookies,
      send() {
        throw new Error('The service takes no commands.');
      },
    };
  } catch (error) {
    await service.stop('SIGKILL');
    throw error;
  }
}
