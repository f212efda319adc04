/**
 * One round of questions about the services of a group: how many instances each has, and by name those that are not well,
 * were not until lately, or have been gone for a short time.
 */
import type { Status } from 'portal-health';
import { asString } from 'portal-shared/json';
import type { InstanceProblem } from '../fleet-problems.js';
import type { Observation } from '../observation.js';
import type { PrometheusSession, Row } from './prometheus-api.js';
import * as promql from './promql.js';

/** What a Prometheus says of one service at one moment. Plain data, fit to be sent between threads. */
export interface ScrapedRound {
  readonly atMs: number;
  /** All instances that are listed; those that are not named are healthy. */
  readonly listed: number;
  readonly named: readonly ScrapedInstance[];
  /** Those that were listed until lately. */
  readonly gone: readonly string[];
  readonly sources: readonly ScrapedSource[];
}

export interface ScrapedInstance {
  readonly instance: string;
  /** `void`: the Prometheus itself knows nothing new of it. */
  readonly observation: Observation;
  /** Of its last scrape, milliseconds since 1970. */
  readonly scrapedAtMs: number;
  /** It was not listed in the round before. */
  readonly isNew: boolean;
  readonly findings: readonly InstanceProblem[];
}

export interface ScrapedSource {
  readonly hash: string;
  readonly instances: number;
}

export interface Group extends promql.Selection {
  readonly intervalMs: number;
}

/** What changes so seldom that it is asked for less often. */
export interface SlowAnswers {
  readonly restarting: readonly Row[];
  readonly shared: readonly Row[];
  readonly gone: readonly Row[];
  readonly sources: readonly Row[];
}

/** Longer lists of names are not sent: all instances are asked for then. */
const MOST_NAMES = 300;
const MOST_CODES = 16;
const LONGEST_NAME = 256;
const HASH = /^[0-9a-f]{64}$/;
const CODE = /^[A-Z_]{3,40}$/;
const RANK: Readonly<Record<Status, number>> = { healthy: 0, degraded: 1, unhealthy: 2 };

/** @throws as the session does */
export async function askSlowly(session: PrometheusSession, group: Group): Promise<SlowAnswers> {
  const [restarting, shared, gone, sources] = await Promise.all(
    [promql.restarting(group), promql.shared(group), promql.gone(group), promql.sources(group)].map(
      (question) => session.query(question),
    ),
  );
  return { restarting: restarting ?? [], shared: shared ?? [], gone: gone ?? [], sources: sources ?? [] };
}

/**
 * @param slow - from this round or one before
 * @param watched - names by value of the label, of instances to be named in any case
 * @returns by the value of the label, one for each
 * @throws as the session does
 */
export async function askRound(
  session: PrometheusSession,
  group: Group,
  slow: SlowAnswers,
  watched: ReadonlyMap<string, ReadonlySet<string>>,
  isFirst: boolean,
): Promise<ReadonlyMap<string, Omit<ScrapedRound, 'atMs'>>> {
  const [listed, down, unwell, silent, stale, problems] = await Promise.all([
    session.query(promql.listed(group)),
    session.query(promql.notScraped(group)),
    session.query(promql.unwell(group)),
    session.query(promql.withoutStatus(group)),
    session.query(promql.stale(group, group.intervalMs)),
    session.query(promql.problems(group)),
  ]);
  const found = new Map(group.values.map((value) => [value, createFindings(watched.get(value))]));
  const { label } = group;
  const note = (
    rows: readonly Row[],
    take: (findings: Findings, instance: string, row: Row) => void,
  ): void => {
    for (const row of rows) {
      const findings = found.get(asString(row.labels[label]) ?? '');
      const instance = asString(row.labels['instance']);
      if (findings && instance !== undefined && isName(instance)) take(findings, instance, row);
    }
  };
  note(down, ({ failed }, instance) => failed.set(instance, 'INSTANCE_NOT_SCRAPED'));
  note(silent, ({ failed }, instance) => failed.set(instance, 'INSTANCE_NOT_HEALTH'));
  note(unwell, ({ health }, instance, { labels }) => {
    const word = labels['status'] === 'degraded' ? 'degraded' : 'unhealthy';
    const before = health.get(instance);
    if (!before || RANK[word] > RANK[before]) health.set(instance, word);
  });
  note(stale, (findings, instance) => findings.stale.add(instance));
  note(slow.restarting, ({ finds }, instance) => finds.set(instance, 'INSTANCE_RESTARTING'));
  note(slow.shared, ({ finds }, instance) => finds.set(instance, 'FLEET_ADDRESS_SHARED'));
  note(problems, ({ codes }, instance, { labels }) => addCode(codes, instance, labels['code']));

  const names = new Set<string>();
  const unknownNames = new Set<string>();
  for (const [value, findings] of found) {
    for (const name of findings.names()) {
      names.add(name);
      if (watched.get(value)?.has(name) !== true) unknownNames.add(name);
    }
  }
  if (names.size > 0) {
    const asked = names.size > MOST_NAMES ? undefined : [...names].toSorted();
    const [scraped, starts, hashes, before] = await Promise.all([
      session.query(promql.scrapedAt(group, asked)),
      session.query(promql.startedAt(group, asked)),
      session.query(promql.sourceOf(group, asked)),
      isFirst || unknownNames.size === 0
        ? []
        : session.query(promql.listedBefore(group, asked && [...unknownNames].toSorted(), group.intervalMs)),
    ]);
    note(scraped, ({ scrapedAtMs }, instance, { value }) => scrapedAtMs.set(instance, value * 1_000));
    note(starts, ({ startedAtMs }, instance, { value }) => startedAtMs.set(instance, value * 1_000));
    note(hashes, (findings, instance, { labels }) => findings.hashes.set(instance, labels['hash']));
    note(before, ({ listedBefore }, instance) => listedBefore.add(instance));
  }
  const goneNames = new Map(group.values.map((value) => [value, new Set<string>()]));
  for (const { labels } of slow.gone) {
    const instance = asString(labels['instance']);
    if (instance !== undefined && isName(instance)) {
      goneNames.get(asString(labels[label]) ?? '')?.add(instance);
    }
  }
  return new Map(
    [...found].map(([value, findings]) => [
      value,
      {
        listed: listed.find(({ labels }) => labels[label] === value)?.value ?? 0,
        named: findings.instances(isFirst),
        gone: [...(goneNames.get(value) ?? [])],
        sources: slow.sources.flatMap(({ labels, value: instances }) => {
          const hash = asString(labels['hash']);
          return labels[label] === value && hash !== undefined && HASH.test(hash)
            ? [{ hash, instances }]
            : [];
        }),
      },
    ]),
  );
}

type Findings = ReturnType<typeof createFindings>;

/** What is found out about the instances of one service. */
function createFindings(watched: ReadonlySet<string> = new Set()) {
  const failed = new Map<string, InstanceProblem>();
  const health = new Map<string, Status>();
  const stale = new Set<string>();
  const finds = new Map<string, InstanceProblem>();
  const codes = new Map<string, Set<string>>();
  const scrapedAtMs = new Map<string, number>();
  const startedAtMs = new Map<string, number>();
  const hashes = new Map<string, unknown>();
  const listedBefore = new Set<string>();

  function names(): ReadonlySet<string> {
    return new Set([...failed.keys(), ...health.keys(), ...stale, ...finds.keys(), ...watched]);
  }

  function observation(instance: string): Observation {
    if (stale.has(instance)) return { kind: 'void' };
    const code = failed.get(instance);
    if (code) return { kind: 'failed', code };
    const hash = hashes.get(instance);
    const reading = {
      health: health.get(instance) ?? 'healthy',
      codes: [...(codes.get(instance) ?? [])],
      startedAtMs: startedAtMs.get(instance) ?? null,
      sourceHash: typeof hash === 'string' && HASH.test(hash) ? hash : null,
    };
    return { kind: 'answered', reading, isTokenWithheld: false };
  }

  /** One without a scrape is no longer listed. */
  function instances(isFirst: boolean): readonly ScrapedInstance[] {
    return [...names()].flatMap((instance) => {
      const scraped = scrapedAtMs.get(instance);
      const find = finds.get(instance);
      if (scraped === undefined) return [];
      return {
        instance,
        observation: observation(instance),
        scrapedAtMs: scraped,
        isNew: isFirst || (!watched.has(instance) && !listedBefore.has(instance)),
        findings: find ? [find] : [],
      };
    });
  }

  return {
    failed,
    health,
    stale,
    finds,
    codes,
    scrapedAtMs,
    startedAtMs,
    hashes,
    listedBefore,
    names,
    instances,
  };
}

function addCode(codes: Map<string, Set<string>>, instance: string, code: unknown): void {
  if (typeof code !== 'string' || !CODE.test(code)) return;
  const known = codes.get(instance) ?? new Set();
  if (known.size < MOST_CODES) known.add(code);
  codes.set(instance, known);
}

/** A label can hold anything. */
function isName(instance: string): boolean {
  return instance.length > 0 && instance.length <= LONGEST_NAME && /^[^\p{Cc}]*$/u.test(instance);
}
