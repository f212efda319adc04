/**
 * `portal fleet probe`, as a child process: what it prints can be pasted into a fleet file, and reads the same instance.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { readFleetFile } from '../../src/fleet/file/fleet-file.js';
import { answerWith, startHost } from '../fleet/hosts.js';
import { runPortal, type Ended } from '../portal.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(SCRATCH_FOLDER, 'portal-probe-'));
});
after(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));

/** Probes a host that answers so. */
async function probe(
  answer: RequestListener,
  path = '/health',
  ...more: readonly string[]
): Promise<Ended & { origin: string }> {
  const host = await startHost(answer);
  try {
    const ended = await runPortal(['fleet', 'probe', `${host.origin}${path}`, ...more], {
      cwd: folder,
      environment: {},
    });
    return { ...ended, origin: host.origin };
  } finally {
    await host.close();
  }
}

const SAID = [
  ['portal', { status: 'degraded', errors: ['It is slow (CACHE_SLOW)'] }, 200, 'says degraded; CACHE_SLOW'],
  ['health+json', { status: 'fail' }, 503, 'says unhealthy'],
  ['actuator', { status: 'UP', groups: ['liveness'] }, 200, 'says healthy'],
  ['status', ['whatever'], 204, 'says healthy'],
] as const;

for (const [format, document, status, comment] of SAID) {
  test(`finds ${format}, and prints a stanza that the fleet file takes`, async () => {
    const { exitCode, stdout, stderr, origin } = await probe(answerWith(document, status), '/up');
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    assert.equal(stdout.split('\n')[0], `# ${comment}`);
    const [service] = readFleetFile(`services:\n${stdout}`).services;
    assert.deepEqual(service?.discover, { kind: 'static', origins: [origin] });
    const { scheme, path, format: found } = service.polling;
    assert.deepEqual([scheme, path, found], ['http', '/up', format]);
  });
}

test('sends a token from a file, and names the file in the stanza, never the token', async () => {
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'very-secret\n');
  const guarded: RequestListener = (request, response) => {
    const isKnown = request.headers.authorization === 'Bearer very-secret';
    answerWith({ status: 'healthy', errors: [] }, isKnown ? 200 : 401)(request, response);
  };
  const { exitCode, stdout } = await probe(guarded, '/health', '--token-file', tokenFile);
  assert.equal(exitCode, 0, stdout);
  const [service] = readFleetFile(`services:\n${stdout}`).services;
  assert.equal(service?.polling.credentialsFile, tokenFile);
  assert.ok(!stdout.includes('very-secret'));
  const refused = await probe(guarded);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /\(INSTANCE_UNAUTHORIZED\)/);
});

test('what cannot be watched is said with its code and the next step, and nothing is printed to paste', async () => {
  const redirect = await probe((_, response) => response.writeHead(302, { Location: '/' }).end());
  assert.equal(redirect.exitCode, 1);
  assert.equal(redirect.stdout, '');
  assert.match(redirect.stderr, /\(INSTANCE_NOT_HEALTH\)/);
  for (const [url, code] of [
    ['http://127.0.0.1:1/health', 'INSTANCE_REFUSED'],
    ['http://169.254.169.254/health', 'INSTANCE_ADDRESS_NOT_ALLOWED'],
  ] as const) {
    const ended = await runPortal(['fleet', 'probe', url], { cwd: folder, environment: {} });
    assert.equal(ended.exitCode, 1);
    assert.equal(ended.stdout, '');
    assert.match(ended.stderr, new RegExp(`\\(${code}\\)`));
  }
});

test('a URL that is none of an instance is refused by one sentence', async () => {
  for (const url of [
    '10.0.0.1:8080',
    'ftp://10.0.0.1/',
    'https://ada:secret@10.0.0.1/',
    'https://10.0.0.1/#a',
  ]) {
    const { exitCode, stdout, stderr } = await runPortal(['fleet', 'probe', url], {
      cwd: folder,
      environment: {},
    });
    assert.deepEqual([exitCode, stdout], [2, '']);
    assert.match(stderr, /^Expected the URL to be one of http or https without/);
    assert.ok(!stderr.includes('secret'), stderr);
  }
});
