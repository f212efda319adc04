/**
 * What every adapter must do, whatever framework it is for: asked over real connections of an application with two
 * healths, one at its root and one below `/internal`, the usual middleware, and a guard that rejects everything else.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe } from 'node:test';
import { createHealth, type Health } from '../../src/index.js';
import { testResponses } from './responses.js';
import { testBehaviour } from './behaviour.js';
import { requestHttp1 } from './exchange.js';
import { testRouting } from './routing.js';
import { VIEWER_DEADLINE_MS, VIEWERS, type RunningApp, type Framework, type Subject } from './subject.js';

export function describeAdapter(framework: Framework): void {
  describe(framework.name, () => {
    let broken = false;
    const refused: string[] = [];
    const onMethodNotAllowed = ({ correlationId }: { readonly correlationId: string }) =>
      refused.push(correlationId);
    let root: Health;
    let internal: Health;
    let app: RunningApp;

    before(async () => {
      root = createHealth({
        checks: { queue: { check: () => !broken, critical: true, intervalMs: 200 } },
        startedAt: new Date('2026-03-01T00:00:00Z'),
      });
      internal = createHealth({
        checks: { mail: { check: () => true, intervalMs: 3_600_000 } },
        cache: { client: null },
        startedAt: new Date('2026-04-01T00:00:00Z'),
      });
      app = await framework.start([
        { health: root, prefix: '', options: { onMethodNotAllowed } },
        {
          health: internal,
          prefix: '/internal',
          viewer: (header) => VIEWERS[String(header)]?.(),
          options: { viewerDeadlineMs: VIEWER_DEADLINE_MS, onMethodNotAllowed },
        },
      ]);
    });

    after(async () => {
      await app.close();
      await Promise.all([root.close(), internal.close()]);
    });

    const subject: Subject = {
      framework,
      rejected: refused,
      get root() {
        return root;
      },
      get internal() {
        return internal;
      },
      request: (path, method, headers, body) =>
        (framework.request ?? requestHttp1)(app.port, path, method, headers, body),
      async sendAndDisconnect(half) {
        const socket = connect(app.port, '127.0.0.1');
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(half);
        // Long enough for it to have been read; the answer does not depend on it.
        await new Promise((resolve) => setTimeout(resolve, 20));
        socket.destroy();
      },
      breakQueue(next) {
        broken = next;
      },
    };
    // In this order: the first test finds healths that have not looked, the last leaves one that drains.
    testResponses(subject);
    testRouting(subject);
    testBehaviour(subject);
  });
}
