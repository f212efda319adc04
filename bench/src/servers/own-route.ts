/** An application with a route of its own, a pool and a client, and nothing of ours. */
import { listenOnFreePort, orders, stores } from './contender.js';

const { pool, redis } = stores();
await Promise.all([pool.query('SELECT 1'), redis.ping()]);
listenOnFreePort(orders);
