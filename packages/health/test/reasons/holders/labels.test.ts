import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { context, createContextKey, ROOT_CONTEXT, trace, type Context, type Span } from '@opentelemetry/api';
import { createLabeller } from '../../../src/reasons/holders/labels.js';

/** Gives a real API of OpenTelemetry a context, as its SDK does for the request that runs. */
function withContext(active: () => Context, work: () => void): void {
  context.setGlobalContextManager({
    active,
    with: (_context, call, self, ...args) => call.apply(self ?? undefined, args),
    bind: (_context, target) => target,
    enable: () => context['_getContextManager'](),
    disable: () => context['_getContextManager'](),
  });
  try {
    work();
  } finally {
    context.disable();
  }
}

function spanWith(attributes: Readonly<Record<string, unknown>>): Span {
  return Object.assign(trace.wrapSpanContext({ traceId: '1', spanId: '2', traceFlags: 1 }), { attributes });
}

void test('the route of the active span, or of the request that it serves', () => {
  const label = createLabeller(true);
  equal(label(), undefined, 'without OpenTelemetry');
  withContext(
    () => trace.setSpan(ROOT_CONTEXT, spanWith({ 'http.route': '/orders/:id' })),
    () => equal(label(), '/orders/:id'),
  );
  const metadata = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');
  withContext(
    () => trace.setSpan(ROOT_CONTEXT, spanWith({})).setValue(metadata, { type: 'http', route: '/late' }),
    () => equal(label(), '/late'),
  );
  withContext(
    () => ROOT_CONTEXT,
    () => equal(label(), undefined, 'without a span'),
  );
  withContext(
    () => {
      throw new Error('a context manager of somebody else');
    },
    () => equal(label(), undefined),
  );
});

void test('words of the application, if there are any', () => {
  equal(createLabeller(() => 'GET /orders')(), 'GET /orders');
  equal(createLabeller(() => 'x'.repeat(1_000))()?.length, 64);
  for (const other of [undefined, null, '', 7, {}]) equal(createLabeller(() => other)(), undefined);
  const failing = createLabeller(() => {
    throw new Error('no store');
  });
  equal(failing(), undefined);
});
