/**
 * Which of the formats on offer a client prefers, by the q-values of its `Accept` (RFC 9110, section 12.5.1).
 */

interface Range {
  readonly type: string;
  readonly quality: number;
  /** How exactly it names a type: a whole one, a family, or anything. */
  readonly precision: 0 | 1 | 2;
}

/** Longer headers are nobody's preference. */
const LONGEST_ACCEPT = 4_096;

/**
 * The preferred one of `offers`, each a media type without parameters; of equals the first offered.
 *
 * @param accept - the header as it came; without one, and when it admits no offer, the first offer is the answer: a
 * document that a client may not have wanted is of more use during an outage than a 406
 */
export function negotiate<Offer extends string>(
  accept: string | undefined,
  offers: readonly [Offer, ...Offer[]],
): Offer {
  let [best] = offers;
  if (accept === undefined || accept.length > LONGEST_ACCEPT) return best;
  const ranges = accept.toLowerCase().split(',').map(rangeOf);
  let bestQuality = 0;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality > bestQuality) {
      bestQuality = quality;
      best = offer;
    }
  }
  return best;
}

/** The quality of the most precise range that matches; of several as precise (parameters are not looked at) the best. */
function qualityOf(offer: string, ranges: readonly Range[]): number {
  const [family] = offer.split('/');
  let found: Range | undefined;
  for (const range of ranges) {
    if (range.type !== offer && range.type !== `${family}/*` && range.type !== '*/*') continue;
    if (found === undefined || range.precision > found.precision) found = range;
    else if (range.precision === found.precision && range.quality > found.quality) found = range;
  }
  return found?.quality ?? 0;
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = q === undefined ? 1 : Number(q.slice(2));
  return {
    type,
    quality: quality >= 0 && quality <= 1 ? quality : 0,
    precision: type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2,
  };
}
