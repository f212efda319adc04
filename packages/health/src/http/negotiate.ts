/**
 * Which of the formats on offer a client prefers, by the q-values of its `Accept` (RFC 9110, section 12.5.1).
 */

/** Longer headers, and lists of more ranges, are nobody's preference: they cost what no header costs. */
const LONGEST_ACCEPT = 1_024;
const MOST_RANGES = 16;

/**
 * The preferred one of `offers`, each a media type without parameters; of equals the first offered.
 *
 * @param accept - the header as it came; without one, and when it admits no offer or is out of all measure, the first
 * offer is the answer: a document that a client may not have wanted is of more use during an outage than a 406
 */
export function negotiate<Offer extends string>(
  accept: string | undefined,
  offers: readonly [Offer, ...Offer[]],
): Offer {
  let [best] = offers;
  if (accept === undefined || accept === '*/*' || accept.length > LONGEST_ACCEPT) return best;
  const ranges = accept.toLowerCase().split(',', MOST_RANGES + 1);
  if (ranges.length > MOST_RANGES) return best;
  const found = offers.map(() => NOT_NAMED);
  for (const range of ranges) applyRange(range, offers, found);
  let bestQuality = 0;
  for (const [index, offer] of offers.entries()) {
    const quality = found[index]?.quality ?? 0;
    if (quality > bestQuality) {
      bestQuality = quality;
      best = offer;
    }
  }
  return best;
}

/** What is known of an offer: the quality of the most precise range so far, and how exactly that names it. */
interface Found {
  readonly quality: number;
  readonly precision: number;
}

const NOT_NAMED: Found = { quality: 0, precision: -1 };

/** Notes what `range` says of each offer; of ranges as precise (parameters are not looked at) the best counts. */
function applyRange(range: string, offers: readonly string[], found: Found[]): void {
  const end = range.indexOf(';');
  const type = (end === -1 ? range : range.slice(0, end)).trim();
  let quality: number | undefined;
  for (const [index, offer] of offers.entries()) {
    const before = found[index] ?? NOT_NAMED;
    const precision = precisionOf(type, offer);
    if (precision === undefined || precision < before.precision) continue;
    quality ??= end === -1 ? 1 : weightOf(range);
    if (precision > before.precision || quality > before.quality) found[index] = { quality, precision };
  }
}

/** How exactly `type` names the offer: as a whole, by its family, or as anything. */
function precisionOf(type: string, offer: string): 0 | 1 | 2 | undefined {
  if (type === offer) return 2;
  if (type === '*/*') return 0;
  const isFamily = type.endsWith('/*') && offer.startsWith(type.slice(0, -1));
  return isFamily ? 1 : undefined;
}

/** Of the first parameter `q`; 1 without one, and 0 for one that is none. */
function weightOf(range: string): number {
  const q = /;\s*q=([^;]*)/.exec(range)?.[1];
  const weight = q === undefined ? 1 : Number(q);
  return weight >= 0 && weight <= 1 ? weight : 0;
}
