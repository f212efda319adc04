/**
 * A service on stores of its own, with a real Prometheus that scrapes it in both formats.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  startPostgres,
  startPrometheus,
  startRedis,
  waitFor,
  type PostgresServer,
  type Prometheus,
  type RedisServer,
} from 'portal-test-kit';
import { startService, type TestService } from '../service.js';

/** What is observed, and by whom. */
export interface Observed {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly service: TestService;
  /** Job `portal` as Prometheus asks by itself, which is OpenMetrics; job `portal-text` in the older text. */
  readonly prometheus: Prometheus;
  /** Waits until the service says `status`, and Prometheus has scraped it since. */
  until(status: string): Promise<void>;
  /** Waits until a query gives at least one series with a value other than 0. */
  holds(promql: string): Promise<void>;
  close(): Promise<void>;
}

/** The older format, as a Prometheus that knows nothing else would get it. */
const TEXT = 'text/plain;version=0.0.4';

/** Starts everything; it must be closed. */
export async function startObserved(rules?: string): Promise<Observed> {
  const undo: (() => unknown)[] = [];
  async function close(): Promise<void> {
    for (const step of undo.splice(0).toReversed()) await step();
  }
  try {
    const postgres = await startPostgres();
    undo.push(() => postgres.close());
    const redis = await startRedis();
    undo.push(() => redis.close());
    const service = await startService({
      databaseUrl: await postgres.createDatabase(),
      redisUrl: redis.url,
    });
    undo.push(() => service.close());
    const text = await startTextEndpoint(service.url);
    undo.push(() => text.close());
    const prometheus = await startPrometheus({
      targets: [
        { job: 'portal', port: Number(new URL(service.url).port) },
        { job: 'portal-text', port: (text.address() as AddressInfo).port },
      ],
      ...(rules === undefined ? {} : { rules }),
    });
    undo.push(() => prometheus.close());

    async function holds(promql: string): Promise<void> {
      await waitFor(
        promql,
        async () => (await prometheus.query(promql)).some(({ value }) => value !== 0),
        // It scrapes no more often than every 200 ms.
        { everyMs: 50, timeoutMs: 20_000 },
      );
    }

    return {
      postgres,
      redis,
      service,
      prometheus,
      until: (status) => holds(`min(portal_health_status{status="${status}"}) == 1`),
      holds,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Hands `/metrics` on, whatever format was asked for, in the older one. */
async function startTextEndpoint(base: string): Promise<Server> {
  const server = createServer((_request, response) => {
    fetch(`${base}/metrics`, { headers: { Accept: TEXT } }).then(
      async (answer) => {
        response.setHeader('Content-Type', answer.headers.get('content-type') ?? '');
        response.end(await answer.text());
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}
