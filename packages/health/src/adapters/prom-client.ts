/**
 * The figures of `/metrics` in an application's own registry of prom-client: same names, types and labels, read from
 * memory at each collection. The registry is recognised by its shape, so that nothing is imported.
 */
import { checkOptions, OBJECT, optionError } from 'portal-shared/check-options';
import type { Health } from '../health-type.js';
import { metricsOf, sampleNameOf, type Metric } from '../http/formats/metrics.js';
import type { HealthSnapshot } from '../report.js';

/** The members used of a `Registry` of prom-client, 15 and later. */
export interface RegistryLike {
  readonly contentType: string;
  registerMetric(metric: never): void;
  getSingleMetric(name: string): unknown;
  removeSingleMetric(name: string): void;
}

/** What `registerHealth` is told. */
export interface RegisterOptions {
  /** Labels on every sample, which tell the healths of one registry apart: `{ health: 'billing' }`. Default none. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** In the registry from `registerHealth` until `close()`, or until the registry is cleared. */
export interface HealthRegistration {
  close(): void;
}

/** One health in a registry. */
interface Source {
  readonly health: Health;
  readonly labels: Readonly<Record<string, string>>;
  readonly samplesOf: (name: string) => Metric['samples'];
}

/** By symbol, so that two copies of this module in one process know each other's. */
const SOURCES = Symbol.for('portal-health.prom-client.sources');

/**
 * Puts the figures of `health` into `register`, beside the application's own. The endpoint `/metrics` is then yours:
 * close ours with `paths: { metrics: null }`.
 *
 * Registering the same health again changes nothing. A second one needs `labels` of its own. `target_info` is left out
 * where the registry has one already.
 *
 * @example
 * ```ts
 * import { register } from 'prom-client';
 * import { createHealth } from 'portal-health';
 * import { registerHealth } from 'portal-health/prom-client';
 *
 * const health = createHealth({});
 * registerHealth(register, health);
 * ```
 * @throws TypeError naming option, rule and value; also when the registry has a metric of one of these names
 */
export function registerHealth(
  register: RegistryLike,
  health: Health,
  options: RegisterOptions = {},
): HealthRegistration {
  if (typeof register?.registerMetric !== 'function' || typeof register.getSingleMetric !== 'function') {
    throw optionError('register', 'to be a Registry of prom-client', register);
  }
  if (typeof health?.snapshot !== 'function') {
    throw optionError('health', 'to be made by createHealth', health);
  }
  checkOptions(options, { labels: OBJECT });
  const { labels = {} } = options;
  checkLabels(labels);
  const families = metricsOf(health.snapshot(), health.report('public').status);
  const names = families.map(sampleNameOf).filter((name) => name !== 'target_info' || isFree(register, name));
  for (const name of names) {
    if (!isFree(register, name)) {
      throw optionError('register', `to have no metric of another’s that is called ${name}`, register);
    }
  }
  const registered = new Set(names.flatMap((name) => [...(sourcesOf(register, name) ?? [])]));
  const same = [...registered].find((source) => source.health === health);
  const clash = [...registered].find((source) => source !== same && isSame(source.labels, labels));
  if (clash) {
    throw optionError(
      'labels',
      'to tell this health from the one that the registry has already',
      JSON.stringify(labels),
    );
  }
  const source = same ?? sourceOf(health, labels);
  for (const family of families) add(register, family, source);
  return {
    close() {
      for (const name of names) remove(register, name, source);
    },
  };
}

function checkLabels(labels: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(labels)) {
    if (!/^[a-zA-Z_]\w*$/.test(name) || typeof value !== 'string') {
      throw optionError(`labels.${name}`, 'to have the name of a label and a text as its value', value);
    }
  }
}

function isSame(a: Source['labels'], b: Source['labels']): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

function sourcesOf(register: RegistryLike, name: string): Set<Source> | undefined {
  const metric = register.getSingleMetric(name) as { readonly [SOURCES]?: Set<Source> } | undefined;
  return metric?.[SOURCES];
}

function isFree(register: RegistryLike, name: string): boolean {
  return register.getSingleMetric(name) === undefined || sourcesOf(register, name) !== undefined;
}

/** All metrics of one collection are made of one snapshot, once. */
function sourceOf(health: Health, labels: Source['labels']): Source {
  let made: { readonly of: HealthSnapshot; readonly metrics: ReadonlyMap<string, Metric> } | undefined;
  return {
    health,
    labels,
    samplesOf(name) {
      const snapshot = health.snapshot();
      if (made?.of !== snapshot) {
        const metrics = metricsOf(snapshot, health.report('public').status);
        made = { of: snapshot, metrics: new Map(metrics.map((metric) => [metric.name, metric])) };
      }
      return made.metrics.get(name)?.samples ?? [];
    },
  };
}

function add(register: RegistryLike, family: Metric, source: Source): void {
  const { name, type, help } = family;
  const registeredName = sampleNameOf(family);
  const existing = sourcesOf(register, registeredName);
  if (existing) {
    existing.add(source);
    return;
  }
  if (register.getSingleMetric(registeredName) !== undefined) return;
  const sources = new Set([source]);
  const words = { help, type: type === 'info' ? 'gauge' : type, aggregator: 'sum' };
  const metric = {
    ...words,
    [SOURCES]: sources,
    get name() {
      return registeredName;
    },
    /** prom-client renames a counter when it writes OpenMetrics, and would not find it again. */
    set name(_) {
      // The name that is right for the format in use is told by `get`.
    },
    get() {
      const isOpen = register.contentType.startsWith('application/openmetrics-text');
      const familyName = type === 'counter' && isOpen ? name : registeredName;
      const values = [...sources].flatMap((one) => valuesOf(one, name, familyName));
      return Promise.resolve({ ...words, name: familyName, values });
    },
    /** Since the start of the process, like those of the process itself. */
    reset() {
      // Nothing of it is the registry's.
    },
  };
  register.registerMetric(metric as never);
}

function valuesOf({ samplesOf, labels }: Source, name: string, familyName: string): object[] {
  return samplesOf(name).flatMap(([own, value, suffix = '']) =>
    value === null ? [] : [{ labels: { ...labels, ...own }, value, metricName: `${familyName}${suffix}` }],
  );
}

function remove(register: RegistryLike, name: string, source: Source): void {
  const sources = sourcesOf(register, name);
  if (sources?.delete(source) && sources.size === 0) register.removeSingleMetric(name);
}
