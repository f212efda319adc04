/**
 * A host on a thread of its own, so that it answers while the thread of the test stands still: once two connections have said
 * something, both at the same moment, the first with a byte and the second by HTTP with an empty list.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** Until the thread of the test stands still. */
const STANDS_MS = 100;
const EMPTY_LIST = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]';

const answered = new Int32Array(workerData as SharedArrayBuffer);
const asked: Socket[] = [];

const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => {
    asked.push(socket);
    if (asked.length < 2) return;
    parentPort?.postMessage('asked', []);
    setTimeout(answer, STANDS_MS);
  });
});

function answer(): void {
  asked[0]?.write('x');
  asked[1]?.write(EMPTY_LIST);
  Atomics.store(answered, 0, 1);
  Atomics.notify(answered, 0);
}

server.listen(0, '127.0.0.1');
await once(server, 'listening');
parentPort?.postMessage((server.address() as AddressInfo).port, []);
