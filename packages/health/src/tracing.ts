/**
 * No spans of OpenTelemetry for what the application has not asked for: with its instrumentations each run of a probe was
 * two traces of one span, 86,400 a day. Its API is found where it puts itself, so that nothing is imported.
 */

/** The members used of a context and of the manager that is registered. */
interface Context {
  setValue(key: symbol, value: unknown): Context;
}

interface ContextManager {
  active(): Context;
  with<Result>(context: Context, work: () => Result): Result;
}

const API = Symbol.for('opentelemetry.js.api.1');
/** The key of `suppressTracing` of @opentelemetry/core, by which every instrumentation and the SDK go. */
const SUPPRESS_TRACING = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Calls `work`, and whatever it begins makes no spans. */
export function withoutSpans<Result>(work: () => Result): Result {
  const suppressed = suppressedContext();
  return suppressed ? suppressed.manager.with(suppressed.context, work) : work();
}

function suppressedContext(): { readonly manager: ContextManager; readonly context: Context } | undefined {
  try {
    const api = (globalThis as Readonly<Record<symbol, { readonly context?: ContextManager } | undefined>>)[
      API
    ];
    const manager = api?.context;
    return manager && { manager, context: manager.active().setValue(SUPPRESS_TRACING, true) };
  } catch {
    // Another API of that name: the run matters more than its spans.
    return undefined;
  }
}
