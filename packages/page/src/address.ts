/**
 * The address of a view: tab and time span, so that a colleague who opens it sees the same.
 */
import { BASE, withBase } from './base.js';
import { createStore, type Store } from './state-container.js';

export const TABS = {
  '/': 'Now',
  '/fleet': 'Fleet',
  '/now': 'This service',
  '/incidents': 'Incidents',
  '/alerts': 'Alerts',
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

/** What of the fleet is looked at; each is empty where nothing is said. */
export interface FleetPlace {
  readonly service: string;
  readonly instance: string;
  /** Only instances in this state. */
  readonly state: string;
  /** Only services of this status, with this label, with this text in name, labels or codes. */
  readonly status: string;
  readonly label: string;
  readonly search: string;
  /** A label, or `cause`. */
  readonly group: string;
}

export const WHOLE_FLEET: FleetPlace = {
  service: '',
  instance: '',
  state: '',
  status: '',
  label: '',
  search: '',
  group: '',
};
const FLEET_KEYS = Object.keys(WHOLE_FLEET) as (keyof FleetPlace)[];
const FLEET_TABS: ReadonlySet<Tab> = new Set(['/', '/fleet']);

/** Which incidents are listed, or which events; each is empty where nothing is said. */
export interface IncidentFilter {
  readonly kind: string;
  readonly about: string;
  readonly code: string;
}

export const ALL_INCIDENTS: IncidentFilter = { kind: '', about: '', code: '' };
/** Which of them a view has. */
const FILTER_KEYS: Readonly<Partial<Record<Tab, readonly (keyof IncidentFilter)[]>>> = {
  '/incidents': Object.keys(ALL_INCIDENTS) as (keyof IncidentFilter)[],
  '/events': ['kind'],
};

export interface Address {
  readonly tab: Tab;
  readonly span: Span;
  readonly fleet: FleetPlace;
  /** Id of the incident that is looked at; empty: all of them. */
  readonly incident: string;
  readonly filter: IncidentFilter;
}

const INCIDENT = /^\/incidents\/([0-9a-f]{32})$/;
/** An outage that nobody has seen yet began hours ago. */
const USUAL: RangeName = '24h';

export function readAddress(path: string, query: string): Address {
  const parameters = new URLSearchParams(query);
  const own = path.startsWith(BASE) ? `/${path.slice(BASE.length)}` : path;
  const incident = INCIDENT.exec(own)?.[1] ?? '';
  const tab = incident !== '' ? '/incidents' : Object.hasOwn(TABS, own) ? (own as Tab) : '/';
  const fleet = FLEET_TABS.has(tab) ? textsOf(parameters, FLEET_KEYS) : WHOLE_FLEET;
  const filter = { ...ALL_INCIDENTS, ...textsOf(parameters, FILTER_KEYS[tab] ?? []) };
  return { tab, span: readSpan(parameters), fleet, incident, filter };
}

function textsOf<Key extends string>(parameters: URLSearchParams, keys: readonly Key[]): Record<Key, string> {
  return Object.fromEntries(keys.map((key) => [key, parameters.get(key) ?? ''])) as Record<Key, string>;
}

function readSpan(parameters: URLSearchParams): Span {
  const fromMs = Date.parse(parameters.get('from') ?? '');
  const toMs = Date.parse(parameters.get('to') ?? '');
  if (fromMs < toMs) return { fromMs, toMs };
  const range = parameters.get('range') ?? '';
  return Object.hasOwn(RANGES, range) ? (range as RangeName) : USUAL;
}

export function writeAddress({
  tab,
  span,
  fleet = WHOLE_FLEET,
  incident = '',
  filter = ALL_INCIDENTS,
}: Pick<Address, 'tab' | 'span'> & Partial<Address>): string {
  const pairs = [
    ...spanPairs(span),
    ...(FLEET_TABS.has(tab) ? textPairs(fleet, FLEET_KEYS) : []),
    ...textPairs(filter, FILTER_KEYS[tab] ?? []),
  ];
  const path = tab === '/incidents' && incident !== '' ? `${tab}/${incident}` : tab;
  return withBase(path) + (pairs.length === 0 ? '' : `?${pairs.join('&')}`);
}

function textPairs<Key extends string>(
  texts: Readonly<Record<Key, string>>,
  keys: readonly Key[],
): readonly string[] {
  return keys.filter((key) => texts[key] !== '').map((key) => `${key}=${written(texts[key])}`);
}

function spanPairs(span: Span): readonly string[] {
  if (typeof span === 'string') return span === USUAL ? [] : [`range=${span}`];
  return [`from=${new Date(span.fromMs).toISOString()}`, `to=${new Date(span.toMs).toISOString()}`];
}

/** A colon may stand in a query as it is, and is read more easily. */
function written(value: string): string {
  return encodeURIComponent(value).replaceAll('%3A', ':');
}

/** From when to when, in milliseconds, at `nowMs`. */
export function limitsOf(span: Span, nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  if (typeof span !== 'string') return span;
  return { fromMs: nowMs - RANGES[span].seconds * 1_000, toMs: nowMs };
}

const LONGEST_MS = RANGES['1y'].seconds * 1_000;

/** Twice as long around the same middle, but not beyond now and not longer than the longest range. */
export function zoomedOut(span: Exclude<Span, RangeName>, nowMs: number): Span {
  const lengthMs = span.toMs - span.fromMs;
  if (2 * lengthMs >= LONGEST_MS) return '1y';
  const toMs = Math.min(nowMs, span.toMs + lengthMs / 2);
  return { fromMs: toMs - 2 * lengthMs, toMs };
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
  /** Without a place to go back to: for what is typed letter by letter. */
  replace(address: Partial<Address>): void;
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
    replace(part) {
      address.change(part);
      history.replaceState(null, '', writeAddress(address.get()));
    },
  };
}
