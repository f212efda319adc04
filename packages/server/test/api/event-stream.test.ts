/** The live stream by gzip: every event arrives when it is sent, and the end arrives too. */
import assert from 'node:assert/strict';
import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { createGunzip } from 'node:zlib';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { ADMIN } from '../../src/auth/permission.js';
import { startService, type TestService } from '../service.js';

let postgres: PostgresServer;
let service: TestService;

before(async () => {
  postgres = await startPostgres();
  service = await startService({ databaseUrl: await postgres.createDatabase() });
});

after(async () => {
  await service?.close();
  await postgres?.close();
});

async function open(accept: string) {
  const cookie = await service.sessionCookie(ADMIN);
  const asked = request(`${service.url}/v1/admin/live`, { headers: { cookie, 'Accept-Encoding': accept } });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const counted = { raw: 0, text: '', isOver: false };
  response.on('data', (bytes: Buffer) => (counted.raw += bytes.length));
  const isSmall = response.headers['content-encoding'] === 'gzip';
  const plain = isSmall ? response.pipe(createGunzip()) : response;
  plain.setEncoding('utf8').on('data', (piece: string) => (counted.text += piece));
  plain.on('end', () => (counted.isOver = true));
  plain.on('error', () => undefined);
  return { response, counted, isSmall };
}

function reports({ text }: { readonly text: string }): number {
  return text.split('event: report').length - 1;
}

test('small where it is taken, plain elsewhere, and each report at once', async () => {
  const small = await open('gzip, deflate, br');
  const plain = await open('identity');
  assert.deepEqual([small.isSmall, plain.isSmall], [true, false]);
  assert.equal((await open('gzip;q=0')).isSmall, false);
  await waitFor('reports', () => reports(small.counted) >= 8 && reports(plain.counted) >= 8);
  assert.ok(small.counted.raw * 3 < small.counted.text.length, `${small.counted.raw} bytes`);
  assert.equal(plain.counted.raw, plain.counted.text.length);
});

test('whoever goes is let go, and whoever stays is told when it ends', async () => {
  const gone = await open('gzip');
  const stays = await open('gzip');
  await waitFor('both to hear', () => reports(gone.counted) > 0 && reports(stays.counted) > 0);
  gone.response.destroy();
  const heard = reports(stays.counted);
  await waitFor('the other to go on', () => reports(stays.counted) > heard + 2);
  service.app.drain();
  await waitFor('the end', () => stays.counted.isOver);
  assert.match(stays.counted.text, /event: draining\ndata: \{\}\n\n$/);
});
