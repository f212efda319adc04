/**
 * A list of targets as Prometheus' `file_sd` and `http_sd` have it: `[{ "targets": ["host:port"], "labels": {} }]`.
 */
import { errorCode } from 'portal-shared/error-code';
import { asObject } from 'portal-shared/json';
import { parseJson } from '../formats/fields.js';

/** A list that cannot be used. The message is for the log, and quotes nothing. */
export class DiscoveryError extends Error {
  readonly problem: 'FLEET_DISCOVERY_FAILED' | 'FLEET_DISCOVERY_SHORT';

  constructor(message: string, problem: DiscoveryError['problem'] = 'FLEET_DISCOVERY_FAILED') {
    super(message);
    this.problem = problem;
  }
}

export interface FailedDiscovery {
  readonly kind: 'failed';
  readonly code: DiscoveryError['problem'];
  /** For the log: a code of the system, or which rule was broken. */
  readonly cause: string;
}

export function failureOf(error: unknown): FailedDiscovery {
  return error instanceof DiscoveryError
    ? { kind: 'failed', code: error.problem, cause: error.message }
    : { kind: 'failed', code: 'FLEET_DISCOVERY_FAILED', cause: errorCode(error) };
}

const NO_TARGET = 'a target of the list is not host:port';

/** @throws DiscoveryError */
export function readTargetList(text: string): readonly string[] {
  const groups = parseJson(text);
  if (!Array.isArray(groups)) throw new DiscoveryError('the list is no JSON array');
  return (groups as readonly unknown[]).flatMap((group) => {
    const targets = asObject(group)?.['targets'];
    if (!Array.isArray(targets)) throw new DiscoveryError('a group of the list has no targets');
    return (targets as readonly unknown[]).map((target) => {
      if (typeof target !== 'string') throw new DiscoveryError(NO_TARGET);
      return target;
    });
  });
}

/**
 * Whoever made the list, a record of DNS too can hold any bytes: what is no `host:port` would be asked elsewhere than it
 * says, or could not be asked at all.
 *
 * @throws DiscoveryError
 */
export function checkTargets(targets: readonly string[]): readonly string[] {
  if (!targets.every(isTarget)) throw new DiscoveryError(NO_TARGET);
  return targets;
}

/** `host:port`; an IPv6 address in brackets. */
function isTarget(text: string): boolean {
  if (!/:\d{1,5}$/.test(text) || /[/?#@\\\s]/.test(text)) return false;
  return URL.canParse(`http://${text}`) && Number(/:(\d+)$/.exec(text)?.[1]) <= 65_535;
}
