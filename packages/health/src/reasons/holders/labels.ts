/**
 * Who takes a connection, in the application's own words; by default the route that OpenTelemetry knows, if it is there.
 */
import { member } from '../../unknown.js';

/** Never throws; `undefined` when there are no words. */
export type Labeller = () => string | undefined;

const LONGEST_LABEL = 64;

export function createLabeller(describe: true | (() => unknown)): Labeller {
  const ask = describe === true ? activeRoute : describe;
  return () => {
    try {
      const label = ask();
      return typeof label === 'string' && label !== '' ? label.slice(0, LONGEST_LABEL) : undefined;
    } catch {
      return undefined;
    }
  };
}

/** By these, every version 1 of its API knows every other, so that it need not be imported. */
const API = Symbol.for('opentelemetry.js.api.1');
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN');
/** The route of a request whose span gets it only at its end. */
const RPC_METADATA = Symbol.for('OpenTelemetry SDK Context Key RPC_METADATA');

function activeRoute(): unknown {
  const api = (globalThis as { readonly [API]?: unknown })[API];
  const manager = member(api, 'context');
  if (!isContextManager(manager)) return undefined;
  const context = manager.active();
  if (!isContext(context)) return undefined;
  const route = member(member(context.getValue(SPAN), 'attributes'), 'http.route');
  return route ?? member(context.getValue(RPC_METADATA), 'route');
}

function isContextManager(value: unknown): value is { active(): unknown } {
  return typeof member(value, 'active') === 'function';
}

function isContext(value: unknown): value is { getValue(key: symbol): unknown } {
  return typeof member(value, 'getValue') === 'function';
}
