/**
 * The address of a view: tab and time span, so that a colleague who opens it sees the same.
 */
import { BASE, withBase } from './base.js';
import { createStore, type Store } from './state-container.js';

export const TABS = {
  '/': 'Now',
  '/fleet': 'Fleet',
  '/events': 'Events',
  '/integrity': 'Integrity',
  '/sessions': 'Sessions',
  '/audit': 'Audit',
} as const;

export type Tab = keyof typeof TABS;

/** Time spans that end now, and their steps, in seconds: some hundred points a chart. */
export const RANGES = {
  '15m': { seconds: 900, step: 2, words: '15 min' },
  '6h': { seconds: 21_600, step: 60, words: '6 h' },
  '24h': { seconds: 86_400, step: 120, words: '24 h' },
  '7d': { seconds: 604_800, step: 900, words: '7 d' },
  '30d': { seconds: 2_592_000, step: 3_600, words: '30 d' },
  '1y': { seconds: 31_536_000, step: 43_200, words: '1 y' },
} as const;

export type RangeName = keyof typeof RANGES;

/** A range that ends now, or a fixed one in milliseconds. */
export type Span = RangeName | { readonly fromMs: number; readonly toMs: number };

export interface Address {
  readonly tab: Tab;
  readonly span: Span;
}

const USUAL: RangeName = '15m';

export function readAddress(path: string, query: string): Address {
  const parameters = new URLSearchParams(query);
  const fromMs = Date.parse(parameters.get('from') ?? '');
  const toMs = Date.parse(parameters.get('to') ?? '');
  const range = parameters.get('range') ?? '';
  const own = path.startsWith(BASE) ? `/${path.slice(BASE.length)}` : path;
  const tab = Object.hasOwn(TABS, own) ? (own as Tab) : '/';
  if (fromMs < toMs) return { tab, span: { fromMs, toMs } };
  return { tab, span: Object.hasOwn(RANGES, range) ? (range as RangeName) : USUAL };
}

export function writeAddress({ tab, span }: Address): string {
  const path = withBase(tab);
  if (typeof span === 'string') return span === USUAL ? path : `${path}?range=${span}`;
  const { fromMs, toMs } = span;
  return `${path}?from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`;
}

/** From when to when, in milliseconds, at `nowMs`. */
export function limitsOf(span: Span, nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  if (typeof span !== 'string') return span;
  return { fromMs: nowMs - RANGES[span].seconds * 1_000, toMs: nowMs };
}

/** The step to request, in seconds. */
export function stepOf(span: Span): number {
  if (typeof span === 'string') return RANGES[span].step;
  const seconds = (span.toMs - span.fromMs) / 1_000;
  return Math.max(1, Math.ceil(seconds / 600));
}

export interface Navigation {
  readonly address: Store<Address>;
  go(address: Partial<Address>): void;
}

/** Keeps the address of the window and the view in step; "back" works. */
export function createNavigation(): Navigation {
  const read = (): Address => readAddress(location.pathname, location.search);
  const address = createStore<Address>(read());
  addEventListener('popstate', () => address.change(read()));
  return {
    address,
    go(part) {
      address.change(part);
      history.pushState(null, '', writeAddress(address.get()));
    },
  };
}
