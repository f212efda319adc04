/** @godaddy/terminus, which queries both stores for each request. */
import type { AddressInfo } from 'node:net';
import { report } from './contender.js';
import { terminusServer } from './terminus-server.js';

const server = terminusServer();
server.listen(0, '127.0.0.1', () => report((server.address() as AddressInfo).port));
