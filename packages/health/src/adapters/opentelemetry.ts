/**
 * The facts as observable instruments of OpenTelemetry, named by its conventions where it has some. Read from memory at
 * each collection; a figure that was not measured is not observed.
 */
import type { Health } from '../health-type.js';
import { checkOptions, required } from 'portal-shared/check-options';
import { RUN_BOUNDS_S } from '../run-counts.js';
import { INSTRUMENTS } from './opentelemetry-instruments.js';

/** The members used of a `Meter` of `@opentelemetry/api`, 1.3 and later. */
export interface MeterLike {
  createObservableGauge(name: string, options: InstrumentOptions): object;
  createObservableUpDownCounter(name: string, options: InstrumentOptions): object;
  createObservableCounter(name: string, options: InstrumentOptions): object;
  createHistogram(name: string, options: HistogramOptions): HistogramLike;
  addBatchObservableCallback(callback: (result: ObserverLike) => void, instruments: object[]): void;
  removeBatchObservableCallback(callback: (result: ObserverLike) => void, instruments: object[]): void;
}

/** What an instrument is described by. */
export interface InstrumentOptions {
  description: string;
  /** In UCUM's words, as the conventions want it. */
  unit: string;
}

/** A histogram is told where its bounds lie, too. */
export interface HistogramOptions extends InstrumentOptions {
  advice: { explicitBucketBoundaries: number[] };
}

/** The member used of a histogram. */
export interface HistogramLike {
  record(value: number, attributes: Record<string, string>): void;
}

/** What a collection hands to the one who observes. */
export interface ObserverLike {
  observe(instrument: object, value: number, attributes: Record<string, string>): void;
}

/** What `observeHealth` is told. */
export interface ObserveOptions {
  readonly meter: MeterLike;
}

/** Observed from its making until `close()`. */
export interface HealthObservation {
  close(): void;
}

const METER = required(
  'to be a Meter of @opentelemetry/api',
  (value) => typeof (value as MeterLike | undefined)?.addBatchObservableCallback === 'function',
);

/**
 * Lets `meter` observe `health` at each of its collections, from memory: collecting asks no store.
 *
 * What was not measured is not observed. With cumulative temporality the SDK for JavaScript (2.12 at the time) goes on
 * to export what it last observed all the same; `portal.health.up` tells whether a figure is of now.
 *
 * @example
 * ```ts
 * import { metrics } from '@opentelemetry/api';
 * import { createHealth } from 'portal-health';
 * import { observeHealth } from 'portal-health/opentelemetry';
 *
 * const health = createHealth({});
 * const observation = observeHealth(health, { meter: metrics.getMeter('my-app') });
 * // At shutdown:
 * observation.close();
 * ```
 * @throws TypeError when `meter` is none
 */
export function observeHealth(health: Health, options: ObserveOptions): HealthObservation {
  checkOptions(options, { meter: METER });
  const { meter } = options;
  const instruments = INSTRUMENTS.map(({ name, kind, unit, description, read }) => ({
    read,
    observable: meter[`createObservable${kind}`](name, { unit, description }),
  }));
  const observables = instruments.map(({ observable }) => observable);

  function observe(result: ObserverLike): void {
    const facts = health.snapshot();
    const { status } = health.report('public');
    for (const { observable, read } of instruments) {
      for (const [attributes, value] of read(facts, status)) {
        if (value !== null) result.observe(observable, value, attributes);
      }
    }
  }

  meter.addBatchObservableCallback(observe, observables);
  const durations = meter.createHistogram('portal.health.probe.duration', {
    unit: 's',
    description: 'How long a probe run took, connecting and login included.',
    advice: { explicitBucketBoundaries: [...RUN_BOUNDS_S] },
  });
  const stopRecording = health.onRun(({ name, outcome, durationS }) =>
    durations.record(durationS, { component: name, outcome }),
  );
  return {
    close() {
      stopRecording();
      meter.removeBatchObservableCallback(observe, observables);
    },
  };
}

/**
 * Which service this is, by OpenTelemetry's names, for the resource of the SDK.
 *
 * @example
 * ```ts
 * import { createHealth } from 'portal-health';
 * import { resourceAttributes } from 'portal-health/opentelemetry';
 *
 * const health = createHealth({ service: 'orders', version: '1.4.0' });
 * resourceAttributes(health); // { 'service.name': 'orders', 'service.version': '1.4.0', 'service.instance.id': … }
 * ```
 */
export function resourceAttributes({ identity }: Pick<Health, 'identity'>): Record<string, string> {
  const { service, version, instance } = identity;
  return {
    ...(service !== null && { 'service.name': service }),
    ...(version !== null && { 'service.version': version }),
    ...(instance !== null && { 'service.instance.id': instance }),
  };
}
