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
      PORTAL_EXPLAIN: options.explain ? 'on' : 'off',
      PORTAL_EXPLAIN_CONNECTION: options.explainConnection,
      PORTAL_SOURCE_ROOT: options.source,
      PORTAL_SOURCE_EXCLUDE: 'node_modules',
    },
    options,
  );
  try {
    const { cookies, personCookie } = options.loginsOf ?? (await createLogins(`${service.pid}`, stores));
    return {
      ...service,
      name: 'service',
      adminPath: '/v1/admin/health',
      reasonsPath: '/v1/admin/reasons',
      cookies,
      ...(personCookie !== undefined && { personCookie }),
      send() {
        throw new Error('The service takes no commands.');
      },
    };
  } catch (error) {
    await service.stop('SIGKILL');
    throw error;
  }
}

/** Sessions of an administrator and of a moderator. */
async function createLogins(
  suffix: string,
  stores: Readonly<Record<string, string>>,
): Promise<Pick<Target, 'cookies' | 'personCookie'>> {
  async function portal(...args: readonly string[]): Promise<string> {
    const env = { PATH: process.env['PATH'], ...stores };
    return (await promisify(execFile)(process.execPath, [MAIN, ...args], { env })).stdout;
  }
  const sessionOf = async (user: string): Promise<string> =>
    /psession=[\w-]+/.exec(await portal('session', 'create', '--user', user))?.[0] ?? '';
  const [admin, moderator] = [`admin-${suffix}`, `moderator-${suffix}`];
  await portal('user', 'add', admin, '--permission', 'Admin');
  await portal('user', 'add', moderator, '--permission', 'Moderator');
  const cookies: string[] = [];
  for (let made = 0; made < ADMINISTRATORS; made += 1) cookies.push(await sessionOf(admin));
  return { cookies, personCookie: await sessionOf(moderator) };
}
