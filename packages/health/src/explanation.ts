/**
 * Reasons for whoever asks a health for them: what is to be explained, from the options, and the machinery for it, which is
 * loaded only then.
 */
import type { Component } from './components.js';
import type { HealthOptions } from './health-options.js';
import { connectionLike } from './probes/postgres/postgres-connections.js';
import type { ProblemCode } from './problems.js';
import { explainSettings } from './reasons/explain-options.js';
import type { Reason, Reasons } from './reasons/reasons.js';
import type { Explained, ExplainedDatabase, ExplainedProcess } from './reasons/sources.js';
import { allProblems, type HealthSnapshot } from './report.js';
import type { Viewer } from './types.js';

export interface Explanation {
  readonly isOn: () => boolean;
  /** Never rejects: without it a health is as good as ever. */
  start(): Promise<void>;
  readonly reasons: (viewer: Viewer) => readonly Reason[];
  close(): Promise<void>;
}

/** What is read anew all the time. */
interface ExplanationInput extends ExplainedProcess {
  readonly snapshot: () => HealthSnapshot;
}

const NONE: readonly Reason[] = Object.freeze([]);

export function createExplanation(
  options: HealthOptions,
  components: readonly Component[],
  { snapshot, blocks, connections }: ExplanationInput,
): Explanation {
  const isTroubled = (): boolean => reasons?.isTroubled() ?? false;
  const explained: Explained = {
    ...storesOf(options, components, snapshot),
    process: options.process?.explain ? { blocks, connections } : undefined,
    isTroubled,
  };
  const isOn = explained.databases.length + explained.caches.length > 0 || explained.process !== undefined;
  let reasons: Reasons | undefined;
  let isClosed = false;

  async function load(): Promise<void> {
    const [{ createReasons }, { observeEveryMs, sourcesOf }] = await Promise.all([
      import('./reasons/reasons.js'),
      import('./reasons/sources.js'),
    ]);
    if (isClosed || reasons !== undefined) return;
    reasons = createReasons({
      sources: sourcesOf(explained),
      observeMs: observeEveryMs(explained),
      problems: (component) => problemsOf(snapshot(), component),
    });
  }

  return {
    isOn: () => isOn,
    async start() {
      if (isOn) await load().catch(() => undefined);
    },
    reasons: (viewer) => (viewer === 'admin' ? (reasons?.read() ?? NONE) : NONE),
    async close() {
      isClosed = true;
      await reasons?.close();
      reasons = undefined;
    },
  };
}

/** The stores that are to be explained, each by the name of its component. */
function storesOf(
  { database, databases, cache, caches }: HealthOptions,
  components: readonly Component[],
  snapshot: () => HealthSnapshot,
): Pick<Explained, 'databases' | 'caches'> {
  const watched = (name: string): Component | undefined => components.find((one) => one.name === name);
  return {
    databases: Object.entries({ ...(database && { database }), ...databases }).flatMap<ExplainedDatabase>(
      ([name, asked]) => {
        const settings = explainSettings(asked.explain);
        const followUps = watched(name)?.followUps;
        if (!settings || !followUps) return [];
        const pool = (): object | undefined => watched(name)?.pool?.pool();
        const component = componentOf('database', name);
        return {
          component,
          problems: () => problemsOf(snapshot(), component),
          settings,
          pool,
          followUps,
          connect: (connectionString) => connectionLike(pool(), asked, connectionString),
          requestRun: () => watched(name)?.sampler.probeNow(),
        };
      },
    ),
    caches: Object.entries({ ...(cache && { cache }), ...caches }).flatMap(([name]) => {
      const follow = watched(name)?.follow;
      return follow ? { component: componentOf('cache', name), follow } : [];
    }),
  };
}

function componentOf(type: 'database' | 'cache', name: string): string {
  return name === type ? type : `${type}.${name}`;
}

/** The problems of one component with its pool and of this process; of everything for `null`. */
function problemsOf(snapshot: HealthSnapshot, component: string | null): readonly ProblemCode[] {
  if (component === null) return allProblems(snapshot);
  const [type = '', name] = component.split('.');
  const { components, databases, otherProblems } = snapshot;
  const status = components.find((one) => one.name === (name ?? type))?.problems ?? [];
  if (name === undefined) return [...status, ...otherProblems];
  const pool = databases.find((one) => one.name === name)?.problems ?? [];
  return [...status, ...pool, ...otherProblems.filter((code) => !/^(DATABASE|CACHE)_/.test(code))];
}
