import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Run, runScript } from 'portal-test-kit';

const PROGRAM = fileURLToPath(new URL('../../src/cli/portal-health.js', import.meta.url));

async function statusOf(answer: RequestListener, path = '', ...args: readonly string[]): Promise<Run> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  try {
    return await runScript(PROGRAM, ['status', `http://127.0.0.1:${port}${path}`, ...args]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function answering(status: number, body: string): RequestListener {
  return (_request, response) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
}

function report(status: string, errors: readonly string[] = []): string {
  return JSON.stringify({ status, errors });
}

describe('status exits 0 healthy, 1 degraded, 2 unhealthy, 3 unreachable', () => {
  const cases: readonly [string, RequestListener, number, string][] = [
    ['healthy', answering(200, report('healthy')), 0, 'healthy\n'],
    [
      'degraded',
      answering(200, report('degraded', ['The cache (CACHE)'])),
      1,
      'degraded\n  The cache (CACHE)\n',
    ],
    [
      'unhealthy',
      answering(503, report('unhealthy', ['The database (DB)'])),
      2,
      'unhealthy\n  The database (DB)\n',
    ],
    ['another status', answering(200, report('fine')), 3, ''],
    ['no JSON', answering(200, '<html>'), 3, ''],
    ['a redirect', (_request, response) => void response.writeHead(302, { Location: '/' }).end(), 3, ''],
    ['a connection that breaks', (request) => void request.socket.destroy(), 3, ''],
    ['no answer', () => undefined, 3, ''],
  ];
  for (const [name, answer, exit, stdout] of cases) {
    test(name, async () => {
      const ran = await statusOf(answer, '', '--timeout-ms', '1500');
      assert.deepEqual([ran.exit, ran.stdout], [exit, stdout], ran.stderr);
      assert.equal(ran.stderr === '', exit !== 3);
    });
  }

  test('nobody there', async () => {
    const { exit, stderr } = await runScript(PROGRAM, ['status', 'http://127.0.0.1:9']);
    assert.equal(exit, 3);
    assert.match(stderr, /^http:\/\/127\.0\.0\.1:9\/health cannot be reached/);
  });

  test('asks /health unless the URL says otherwise, and prints the document with --json', async () => {
    const echo: RequestListener = (request, response) =>
      void response.end(JSON.stringify({ status: 'healthy', errors: [], url: request.url }));
    assert.equal(JSON.parse((await statusOf(echo, '', '--json')).stdout).url, '/health');
    assert.equal(JSON.parse((await statusOf(echo, '/up?x=1', '--json')).stdout).url, '/up?x=1');
  });

  test('what a foreign server says cannot drive the terminal', async () => {
    const { stdout } = await statusOf(answering(200, report('degraded', ['\u{1b}[2Jgone'])));
    assert.equal(stdout, 'degraded\n  \\u{1b}[2Jgone\n');
  });
});

describe('the command line itself', () => {
  const bad: readonly [readonly string[], RegExp][] = [
    [[], /^Expected a command, got ""\. portal-health --help lists them\.\n$/],
    [['status'], /^Expected exactly one URL\./],
    [['status', 'localhost'], /^Expected an http:\/\/ or https:\/\/ URL, got "localhost"\./],
    [
      ['status', 'http://x', '--timeout-ms', 'soon'],
      /^Expected --timeout-ms to be a whole number from 0, got "soon"\./,
    ],
  ];
  for (const [args, sentence] of bad) {
    test(`portal-health ${args.join(' ')}`, async () => {
      const { exit, stdout, stderr } = await runScript(PROGRAM, args);
      assert.deepEqual([exit, stdout], [128, '']);
      assert.match(stderr, sentence);
    });
  }

  test('--help tells its command, and no exit codes that add up', async () => {
    const help = await runScript(PROGRAM, ['--help']);
    assert.equal(help.exit, 0);
    assert.match(help.stdout, /^portal-health: is it up\?\n\n  status URL/);
    assert.doesNotMatch(help.stdout, /add up/);
    const { exit, stdout } = await runScript(PROGRAM, ['--version']);
    assert.equal(exit, 0);
    assert.match(stdout, /^portal-health \d+\.\d+\.\d+\n$/);
  });
});
