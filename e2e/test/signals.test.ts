/** Processes that end by our helpers, as a supervisor, a terminal and an impatient person end them (E-10). */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';

/** A process that serves by one of our helpers, and what it prints. */
async function startApplication(
  server: string,
): Promise<{ child: ChildProcess; port: number; output: () => string }> {
  const script = `
    import { createServer } from 'node:http';
    import { createHealth } from 'portal-health';
    import { createHealthHandler, handleSignals } from 'portal-health/node';
    import { healthPlugin } from 'portal-health/fastify';
    const health = createHealth({});
    const options = { graceMs: 700, deadlineMs: 5_000, onSignal: (name) => console.log(name), onClose: () => console.log('closed') };
    ${server}
    setInterval(() => {}, 60_000);
    console.log('port', port);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await waitFor('it to listen', () => text.includes('port '));
  return { child, port: Number(/port (\d+)/.exec(text)?.[1]), output: () => text };
}

const NODE = `
    const handler = createHealthHandler(health);
    const server = createServer((request, response) => { if (!handler(request, response)) response.end('yours'); });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    handleSignals(server, health, options);`;
const FASTIFY = `
    const { default: fastify } = await import('fastify');
    const app = fastify();
    await app.register(healthPlugin, { health, signals: options });
    app.get('/', async () => 'yours');
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address();`;

for (const [name, server] of [
  ['node:http', NODE],
  ['Fastify', FASTIFY],
] as const) {
  test(`${name}: each signal drains and ends the process with 0, the application being served meanwhile`, async () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      const { child, port, output } = await startApplication(server);
      const exit = once(child, 'exit');
      child.kill(signal);
      await waitFor('the signal', () => output().includes(signal));
      assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 503);
      assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'yours');
      assert.deepEqual(await exit, [0, null]);
      assert.match(output(), /closed\n$/);
    }
  });
}

test('a second signal ends it at once', async () => {
  const { child, output } = await startApplication(
    NODE.replace('options', '{ ...options, graceMs: 60_000 }'),
  );
  const exit = once(child, 'exit');
  child.kill('SIGHUP');
  await waitFor('the signal', () => output().includes('SIGHUP'));
  child.kill('SIGHUP');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [143, null]);
});
