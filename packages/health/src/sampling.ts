/**
 * Samples all components, each at its own pace.
 */
import type { Component } from './components.js';
import { paceOf, type HealthOptions } from './health-options.js';
import { createRunCounter, type FinishedRun } from './run-counts.js';
import { createSampler } from './sampler.js';
import type { Outcome } from './types.js';
import { watchedOf } from './watched.js';
import type { AnyFigures, Watched } from './watched-type.js';

export interface SamplingListener {
  readonly isInUse: () => boolean;
  /** Called after every run of every component. */
  readonly onOutcome: (component: Component, outcome: Outcome<AnyFigures>, run: FinishedRun) => void;
}

export interface Sampling {
  readonly components: readonly Component[];
  /** Resolves after the first run of each. */
  readonly start: () => Promise<unknown>;
  /** Whether each has had its first run. */
  readonly started: () => boolean;
  /** Default: all of them. */
  readonly probeNow: (name?: string) => void;
  readonly speedUp: () => void;
  /** After a time in which the whole process stood still. */
  readonly markStale: () => void;
  /** The runs that are due by now; `undefined` where there is none. */
  readonly catchUp: (nowMs: number) => Promise<unknown> | undefined;
  readonly close: () => Promise<void>;
}

export function createSampling(options: HealthOptions, { isInUse, onOutcome }: SamplingListener): Sampling {
  const components = watchedOf(options, probeNow).map(sampled);

  function sampled({ probe, sampling, ...watched }: Watched): Component {
    const runs = createRunCounter(watched.name);
    const component: Component = {
      ...watched,
      runs,
      sampler: createSampler(
        probe,
        paceOf(sampling),
        (outcome, durationMs) => onOutcome(component, outcome, runs.note(outcome, durationMs)),
        isInUse,
      ),
    };
    return component;
  }

  function probeNow(name?: string): void {
    for (const component of components) {
      if (name === undefined || component.name === name) component.sampler.probeNow();
    }
  }

  return {
    components,
    start: () => Promise.all(components.map(({ sampler }) => sampler.start())),
    started: () => components.every(({ sampler }) => sampler.started()),
    probeNow,
    speedUp() {
      for (const { sampler } of components) sampler.speedUp();
    },
    markStale() {
      for (const { sampler } of components) sampler.markStale();
    },
    catchUp(nowMs) {
      const runs = components.flatMap(({ sampler }) => sampler.catchUp(nowMs) ?? []);
      return runs.length > 0 ? Promise.all(runs) : undefined;
    },
    async close() {
      for (const { pool } of components) pool?.close();
      await Promise.all(components.map(({ sampler }) => sampler.close()));
    },
  };
}
