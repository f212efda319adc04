/**
 * One real instance behind a network that breaks: a process with the library, that is killed, stopped, started again, hidden
 * behind another answer or another process, or shown with a wrong certificate.
 */
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { makeCertificate, startProxy, type Proxy, type ProxyCertificate } from 'portal-test-kit';
import { createProgram, type Program, type ProgramOptions } from './fleet-program.js';

/** Which certificate an instance shows that speaks TLS. */
export type Certificate = 'good' | 'expired' | 'of another name' | 'signed by nobody known';

export interface Instance {
  readonly target: string;
  readonly program: Program;
  readonly proxy: Proxy;
  /** What answers in its place. */
  replace(answer: Answer | undefined): void;
  /** Has another one answer in turn with it, request by request. */
  shareWith(other: Instance): void;
  certify(certificate: Certificate): Promise<void>;
  /** As it was, whatever was done to it. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

export type Answer = () => { readonly status: number; readonly body: string };

type Certificates = Readonly<Record<Certificate, ProxyCertificate>>;

/** All but the last are in `ca.pem`, so that each is refused for what is wrong with it. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  async function make(place: string, name: string, days: number): Promise<ProxyCertificate> {
    await mkdir(join(folder, place));
    return makeCertificate(join(folder, place), name, { days });
  }
  const made: Certificates = {
    good: await make('good', 'stock.example', 2),
    expired: await make('expired', 'stock.example', -1),
    'of another name': await make('other', 'other.example', 2),
    'signed by nobody known': await make('unknown', 'stock.example', 2),
  };
  const known = [made.good, made.expired, made['of another name']];
  const texts = await Promise.all(known.map(({ certificate }) => readFile(certificate, 'utf8')));
  await writeFile(join(folder, 'ca.pem'), texts.join(''));
  return made;
}

/** @param certificates - default: it speaks no TLS */
export async function startInstance(options: ProgramOptions, certificates?: Certificates): Promise<Instance> {
  const program = createProgram(options);
  await program.start();
  const door = createDoor(program);
  const tls = certificates && createTlsServer((socket) => door.enter(socket));
  const server: Server | TlsServer = tls ?? createServer((socket) => door.enter(socket));

  async function certify(certificate: Certificate): Promise<void> {
    if (!tls || !certificates) return;
    const { certificate: cert, key } = certificates[certificate];
    tls.setSecureContext({ cert: await readFile(cert), key: await readFile(key) });
    // The next request shakes hands anew.
    door.closeAll();
  }

  await certify('good');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startProxy({ port: (server.address() as AddressInfo).port });

  return {
    target: `127.0.0.1:${proxy.port}`,
    program,
    proxy,
    replace: (answer) => door.replace(answer),
    shareWith: (other) => door.share(other.program),
    certify,
    async mend() {
      program.signal('SIGCONT');
      await program.start();
      await certify('good');
      door.replace(undefined);
      await proxy.heal();
    },
    async close() {
      await proxy.close();
      door.closeAll();
      await new Promise((resolve) => server.close(resolve));
      await program.kill();
    },
  };
}

interface Door {
  enter(socket: Socket): void;
  replace(answer: Answer | undefined): void;
  share(other: Program): void;
  closeAll(): void;
}

/** What stands before a program, and lets clients through to it as long as nothing else is wanted. */
function createDoor(program: Program): Door {
  const sockets = new Set<Socket>();
  let answer: Answer | undefined;
  let sharer: Program | undefined;
  let requests = 0;
  const http = createHttpServer((request, response) => {
    requests += 1;
    if (answer) {
      const { status, body } = answer();
      response
        .writeHead(status, { Location: 'http://127.0.0.1:9/', 'Content-Type': 'application/json' })
        .end(body);
      return;
    }
    const { port } = requests % 2 === 0 ? program : (sharer ?? program);
    void passOn(`http://127.0.0.1:${port}${request.url}`, response);
  });

  /** Kept connections lead to whoever stood here before. */
  function closeAll(): void {
    for (const socket of sockets) socket.destroy();
  }

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  }

  return {
    enter(socket) {
      keep(socket);
      if (answer || sharer) {
        http.emit('connection', socket);
        return;
      }
      const through = createConnection(program.port, '127.0.0.1');
      keep(through);
      through.on('close', () => socket.destroy());
      socket.on('close', () => through.destroy());
      socket.pipe(through).pipe(socket);
    },
    replace(next) {
      answer = next;
      sharer = undefined;
      closeAll();
    },
    share(other) {
      sharer = other;
      closeAll();
    },
    closeAll,
  };
}

async function passOn(url: string, response: ServerResponse): Promise<void> {
  try {
    const { status, headers, text } = await fetch(url).then(async (answered) => ({
      status: answered.status,
      headers: answered.headers,
      text: await answered.text(),
    }));
    response.writeHead(status, { 'Content-Type': headers.get('content-type') ?? '' }).end(text);
  } catch {
    response.destroy();
  }
}
