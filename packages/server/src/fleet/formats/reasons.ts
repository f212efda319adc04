/**
 * Why an instance is unwell, as its `/health/reasons` says: codes of the catalogue, numbers, and names that can be shown. Its
 * sentences are kept nowhere.
 */
import { PROBLEMS, REASON_CODES, type Figures, type ProblemCode, type ReasonCode } from 'portal-health';
import { asObject } from 'portal-shared/json';
import { vetName } from 'portal-shared/vet-name';
import { instantIn, parseJson } from './fields.js';

/** Plain data, fit to be sent between threads. */
export interface InstanceReason {
  readonly code: ReasonCode;
  /** Of the problem that it explains. */
  readonly explains: ProblemCode | null;
  readonly figures: Figures;
  /** When the instance saw it last, milliseconds since 1970; `null`: not reported. */
  readonly checkedAt: number | null;
}

/** More say nothing more. */
const MOST_REASONS = 16;
const MOST_FIGURES = 32;
const FIGURE = /^[a-z][a-z0-9_]{0,39}$/;
const CODES: ReadonlySet<string> = new Set(REASON_CODES);

/** Whatever comes; what is no reason of the catalogue is left out. */
export function reasonsIn(body: string, nowMs: number): readonly InstanceReason[] {
  const list = asObject(parseJson(body))?.['reasons'];
  if (!Array.isArray(list)) return [];
  const reasons: InstanceReason[] = [];
  for (const entry of list as readonly unknown[]) {
    if (reasons.length === MOST_REASONS) break;
    const { code, explains, figures, checked_at: checkedAt } = asObject(entry) ?? {};
    if (!isReasonCode(code)) continue;
    reasons.push({
      code,
      explains: isProblemCode(explains) ? explains : null,
      figures: figuresIn(figures),
      checkedAt: instantIn(checkedAt, nowMs),
    });
  }
  return reasons;
}

function figuresIn(value: unknown): Figures {
  const kept = Object.entries(asObject(value) ?? {})
    .filter(([name]) => FIGURE.test(name))
    .slice(0, MOST_FIGURES);
  return Object.fromEntries(
    kept.map(([name, figure]) => [
      name,
      typeof figure === 'number' && Number.isFinite(figure)
        ? figure
        : typeof figure === 'string'
          ? vetName(figure)
          : null,
    ]),
  );
}

function isReasonCode(code: unknown): code is ReasonCode {
  return typeof code === 'string' && CODES.has(code);
}

function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === 'string' && Object.hasOwn(PROBLEMS, code);
}
