/** Reasons: what users notice of each, and below which cause it stands. Pure. */
import type { ReasonCode } from 'portal-health';
import { REASON_EFFECTS } from 'portal-health/advice';
import type { FleetInstanceDetailDocument, ReasonDocument } from 'portal-server/api';
import type { DisplayCause } from './headline.js';
import { count } from './numbers.js';
import { duration } from './time.js';

/** What users notice; `null` of a reason that this page does not know: a service newer than the page. */
export function usersNotice(code: string): string | null {
  return isCode(code) ? REASON_EFFECTS[code] : null;
}

function isCode(code: string): code is ReasonCode {
  return Object.hasOwn(REASON_EFFECTS, code);
}

/** "Requests hang. (sessions 14, longest 31 s, application worker)": what another process says of itself, in our words. */
export function instanceReasonText({
  code,
  figures,
}: Pick<FleetInstanceDetailDocument['reasons'][number], 'code' | 'figures'>): string {
  const known = Object.entries(figures).flatMap(([name, figure]) =>
    figure === null ? [] : [figureText(name, figure)],
  );
  const notice = usersNotice(code);
  return [...(notice === null ? [] : [notice]), ...(known.length > 0 ? [`(${known.join(', ')})`] : [])].join(
    ' ',
  );
}

function figureText(name: string, figure: number | string): string {
  const words = name.replaceAll('_', ' ');
  if (typeof figure === 'string') return `${words} ${figure}`;
  if (name.endsWith('_ms')) return `${words.slice(0, -' ms'.length)} ${duration(figure)}`;
  return `${words} ${count(figure)}`;
}

/** Those that explain a cause. Of several databases each has its own. */
export function reasonsOf(
  { code, component }: Pick<DisplayCause, 'code' | 'component'>,
  reasons: readonly ReasonDocument[],
): readonly ReasonDocument[] {
  if (code === null) return [];
  return reasons.filter(({ explains, figures }) => {
    const { component: named = null } = figures;
    return explains === code && (named === null || component === null || named === component);
  });
}

/** Those that stand below none of the causes. */
export function otherReasons(
  causes: readonly DisplayCause[],
  reasons: readonly ReasonDocument[],
): readonly ReasonDocument[] {
  const attached = new Set(causes.flatMap((cause) => reasonsOf(cause, reasons)));
  return reasons.filter((reason) => !attached.has(reason));
}
