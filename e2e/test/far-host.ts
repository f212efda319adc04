/**
 * The host at the far end: listens at all of its addresses, and writes a line for each request, so that every one that goes
 * astray is counted. Ports from 9301 on redirect to the metadata of a cloud; 8401 wants a token.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** One connection, or with a path one request. */
export interface Arrival {
  readonly address: string;
  readonly port: number;
  readonly path: string | null;
  readonly authorization: string | null;
}

const PORTS = [3_128, 8_080, 8_081, 8_401, 9_301, 9_302, 9_303, 9_307, 9_308];
const HEALTHY = '{"status":"healthy","errors":[]}';

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { localPort = 0 } = request.socket;
  if (localPort >= 9_300) {
    response.writeHead(localPort - 9_000, { Location: 'http://169.254.169.254:8080/latest/meta-data' });
    response.end('{"status":"healthy"}');
    return;
  }
  const isRefused = localPort === 8_401 && request.headers.authorization !== 'Bearer the-token-of-a-service';
  response.writeHead(isRefused ? 401 : 200, { 'Content-Type': 'application/json' }).end(HEALTHY);
}

function print(socket: IncomingMessage['socket'], path: string | null, authorization: string | null): void {
  const { localAddress = '', localPort: port = 0 } = socket;
  const arrival: Arrival = { address: localAddress.replace('::ffff:', ''), port, path, authorization };
  process.stdout.write(`${JSON.stringify(arrival)}\n`);
}

await Promise.all(
  PORTS.map((port) => {
    const server = createServer((request, response) => {
      print(request.socket, request.url ?? '', request.headers.authorization ?? null);
      answer(request, response);
    });
    server.on('connection', (socket) => print(socket, null, null));
    return new Promise<void>((resolve) => server.listen(port, '::', resolve));
  }),
);
process.stdout.write('ready\n');
