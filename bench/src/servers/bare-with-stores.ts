/** The floor in an application that has the same pool and client as the others: `node:http`, and other sockets beside it. */
import { respondSameBytes, listenOnFreePort, stores } from './contender.js';

const { pool, redis } = stores();
await Promise.all([pool.query('SELECT 1'), redis.ping()]);
listenOnFreePort(respondSameBytes());
