/**
 * A name server that answers as a test says, over UDP.
 */
import { createSocket } from 'node:dgram';

/** What is answered: addresses, or for `SRV` hosts with ports. */
export interface NameAnswer {
  /** Of the header: 0 is no error, 2 `SERVFAIL`, 3 `NXDOMAIN`, 5 `REFUSED`; default 0. */
  readonly code?: number;
  readonly v4?: readonly string[];
  /** In full: eight words. */
  readonly v6?: readonly string[];
  readonly srv?: readonly { readonly labels: readonly string[]; readonly port: number }[];
}

export interface NameServer {
  /** `address:port`. */
  readonly address: string;
  /** Names that were asked for, one entry a question. */
  readonly asked: readonly string[];
  close(): void;
}

export interface NameServerOptions {
  /** `undefined`: nothing is answered. */
  readonly answer: (name: string) => NameAnswer | undefined;
  /** Default: any free one. */
  readonly port?: number;
}

const TYPE_A = 1;
const TYPE_SRV = 33;
const TYPE_AAAA = 28;

/** Starts it at 127.0.0.1; it must be closed. */
export async function startNameServer({ answer, port = 0 }: NameServerOptions): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    const { name, end } = readName(question);
    asked.push(name);
    const given = answer(name);
    if (!given) return;
    const type = question.readUInt16BE(end);
    socket.send(reply(question.subarray(0, end + 4), type, given), from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject).bind(port, '127.0.0.1', resolve);
  });
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => socket.close(),
  };
}

function readName(message: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message.readUInt8(at); length !== 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function reply(question: Buffer, type: number, answer: NameAnswer): Buffer {
  const records = recordsOf(type, answer);
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(0x8180 | (answer.code ?? 0), 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  return Buffer.concat([
    head,
    question.subarray(12),
    ...records.map((record) => {
      // The name of the question, the class, a second to live, the length.
      const meta = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 1, 0, 0]);
      meta.writeUInt16BE(record.length, 10);
      return Buffer.concat([meta, record]);
    }),
  ]);
}

function recordsOf(type: number, { v4 = [], v6 = [], srv = [] }: NameAnswer): readonly Buffer[] {
  if (type === TYPE_A) return v4.map((address) => Buffer.from(address.split('.').map(Number)));
  if (type === TYPE_AAAA) {
    return v6.map((address) =>
      Buffer.from(
        address
          .split(':')
          .map((word) => word.padStart(4, '0'))
          .join(''),
        'hex',
      ),
    );
  }
  if (type !== TYPE_SRV) return [];
  return srv.map(({ labels, port }) => {
    const head = Buffer.from([0, 1, 0, 1, 0, 0]);
    head.writeUInt16BE(port, 4);
    return Buffer.concat([head, ...labels.map(labelOf), Buffer.from([0])]);
  });
}

function labelOf(label: string): Buffer {
  const bytes = Buffer.from(label, 'latin1');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
