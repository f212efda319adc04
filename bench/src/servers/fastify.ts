/** A bare Fastify route that sends the same bytes. */
import { fastify } from 'fastify';
import type { AddressInfo } from 'node:net';
import { report, sameBytes } from './contender.js';

const { headers, body } = sameBytes();
const app = fastify();
app.get('/health', (_request, reply) => reply.headers(headers).send(body));
await app.listen({ port: 0, host: '127.0.0.1' });
report((app.server.address() as AddressInfo).port);
