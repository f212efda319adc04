/** The floor in an application with the same pool and client as the others, which it does not use: `node:http`. */
import { respondSameBytes, listenOnFreePort, stores } from './contender.js';

const { pool, redis } = stores();
await Promise.all([pool.query('SELECT 1'), redis.ping()]);
listenOnFreePort(respondSameBytes());
