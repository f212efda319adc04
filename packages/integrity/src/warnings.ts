/** What is no problem yet, and will be one. Pure. */
import type { LastRun } from './watch/last-run.js';
import type { ChangedEarly } from './watch/scan-worker.js';

interface SignedSource {
  readonly created: string | null;
  readonly expires: string | null;
  readonly node: string | null;
  readonly dependencies_hash: string | null;
}

interface Known {
  readonly expected: SignedSource | null;
  readonly rereadMs: number | null;
  readonly lastRun: LastRun | null;
  readonly changedEarly: ChangedEarly | null;
  readonly sequenceLost: string;
  readonly sequenceNotKept: string;
  readonly dependencies: object | null;
}

const WARN_AHEAD_MS = 30 * 86_400_000;

/** A forged stamp is found by then, unless the tree is too large for it. */
const REREAD_ROUND_MS = 900_000;

/** Sentences about what will be a problem, or cannot be told. */
export function warningsOf(snapshot: Known, nowMs: number): readonly string[] {
  const { expected, rereadMs, lastRun, changedEarly, dependencies } = snapshot;
  const { sequenceLost, sequenceNotKept } = snapshot;
  return [
    ...(expected ? warningsOfStatement(expected, nowMs) : []),
    ...((expected?.dependencies_hash ?? null) !== null && !dependencies
      ? ['The statement says what the dependencies are, and no list was given to compare them with.']
      : []),
    ...(rereadMs !== null && rereadMs > REREAD_ROUND_MS
      ? [
          `Reading everything again takes ${Math.ceil(rereadMs / 60_000)} minutes at a hundredth of a processor.`,
        ]
      : []),
    ...(sequenceLost === ''
      ? []
      : [
          `No sequence of a release was remembered at this start (${sequenceLost}): an older one would not have been noticed.`,
        ]),
    ...(sequenceNotKept === ''
      ? []
      : [`The sequence of this release cannot be kept for the next start (${sequenceNotKept}).`]),
    ...(changedEarly
      ? [
          `${changedEarly.first}${changedEarly.files > 1 ? ` and ${changedEarly.files - 1} more` : ''} changed after this process had started and before it was first read: what it held until then is not known.`,
        ]
      : []),
    ...(lastRun && lastRun.notKept !== ''
      ? [`The hash of this start cannot be kept for the next one (${lastRun.notKept}).`]
      : []),
  ];
}

function warningsOfStatement({ created, expires, node }: SignedSource, nowMs: number): readonly string[] {
  return [
    ...(node !== null && node !== process.versions.node
      ? [`The release was made for Node.js ${node}, and this is ${process.versions.node}.`]
      : []),
    ...warningsOfPeriod({ created, expires }, nowMs),
  ];
}

/** Of a statement that is believed. */
export function warningsOfPeriod(
  { created, expires }: Pick<SignedSource, 'created' | 'expires'>,
  nowMs: number,
): readonly string[] {
  return [
    ...(expires !== null && Date.parse(expires) - nowMs < WARN_AHEAD_MS
      ? [`The statement expires on ${expires}.`]
      : []),
    ...(created !== null && Date.parse(created) > nowMs
      ? [`The statement says it was made on ${created}, which is yet to come.`]
      : []),
  ];
}
