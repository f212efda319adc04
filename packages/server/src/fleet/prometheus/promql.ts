/**
 * The questions that a Prometheus is asked, and nothing else: no part of one comes from a client. Values from the fleet
 * file, and names that the Prometheus gave, are quoted.
 *
 * Each question is about the series of several services at once, told apart by one label: what is well is counted, and
 * only what is not is named.
 */

/** Of a group of services: the label that tells them apart, and what it is of each. */
export interface Selection {
  readonly label: string;
  readonly values: readonly string[];
}

/** Three scrapes were missed. */
const STALE_INTERVALS = 3;
/** As long as an instance that is no longer listed is shown, and starts are counted together. */
const WITHIN = '15m';
/** The first start may be a release, and the second its correction. */
const RESTARTS_TOLERATED = 2;

/** How many instances of each service are listed. */
export function listed(selection: Selection): string {
  return `count by (${selection.label}) (${instancesOf(selection, `up{${matcher(selection)}}`)})`;
}

/** Those whose last scrape failed. */
export function notScraped(selection: Selection): string {
  return instancesOf(selection, `up{${matcher(selection)}} == 0`);
}

/** Those that say a status, by `status`; not those that say healthy. */
export function unwell(selection: Selection): string {
  return instancesOf(
    selection,
    `portal_health_status{${matcher(selection)},status!="healthy"} == 1`,
    'status',
  );
}

/** Those that are scraped, and say no status at all. */
export function withoutStatus(selection: Selection): string {
  const scraped = instancesOf(selection, `up{${matcher(selection)}} == 1`);
  return `${scraped} unless on (${by(selection)}) (portal_health_status{${matcher(selection)}} == 1)`;
}

/** Those of which the Prometheus itself knows nothing new. */
export function stale(selection: Selection, intervalMs: number): string {
  const seconds = (STALE_INTERVALS * intervalMs) / 1_000;
  const late = instancesOf(selection, `time() - timestamp(up{${matcher(selection)}}) > ${seconds}`);
  return `${late} ${stillListed(selection)}`;
}

/** What they report, by `code`. */
export function problems(selection: Selection): string {
  return instancesOf(selection, `portal_health_problem{${matcher(selection)}} == 1`, 'code');
}

/** How many instances of each service run which source, by `hash`. */
export function sources(selection: Selection): string {
  return `count by (${selection.label}, hash) (portal_source_info{${matcher(selection)}})`;
}

/** Those that start again and again. */
export function restarting(selection: Selection): string {
  return instancesOf(selection, `changes(${starts(selection)}[${WITHIN}]) > ${RESTARTS_TOLERATED}`);
}

/** Those whose start went back: several answer at one address. */
export function shared(selection: Selection): string {
  return instancesOf(selection, `resets(${starts(selection)}[${WITHIN}]) > 0`);
}

/** Those that were listed until lately. */
export function gone(selection: Selection): string {
  const lately = instancesOf(selection, `present_over_time(up{${matcher(selection)}}[${WITHIN}])`);
  return `${lately} unless on (${by(selection)}) up{${matcher(selection)}}`;
}

/** When each of these was last scraped, in seconds since 1970. */
export function scrapedAt(selection: Selection, names: readonly string[] | undefined): string {
  const scraped = `max by (${by(selection)}) (timestamp(up{${matcher(selection, names)}}))`;
  return `${scraped} ${stillListed(selection, names)}`;
}

/** When each of these started, in seconds since 1970. */
export function startedAt(selection: Selection, names: readonly string[] | undefined): string {
  return `max by (${by(selection)}) (${starts(selection, names)})`;
}

/** Which source each of these runs, by `hash`. */
export function sourceOf(selection: Selection, names: readonly string[] | undefined): string {
  return instancesOf(selection, `portal_source_info{${matcher(selection, names)}}`, 'hash');
}

/** Those of these that were listed so long ago. */
export function listedBefore(
  selection: Selection,
  names: readonly string[] | undefined,
  intervalMs: number,
): string {
  return instancesOf(selection, `up{${matcher(selection, names)}} offset ${intervalMs}ms`);
}

function starts(selection: Selection, names?: readonly string[]): string {
  return `portal_health_start_time_seconds{${matcher(selection, names)}}`;
}

/** VictoriaMetrics gives the time of the last sample also of a series that has ended. */
function stillListed(selection: Selection, names?: readonly string[]): string {
  return `and on (${by(selection)}) up{${matcher(selection, names)}}`;
}

function by({ label }: Selection): string {
  return `${label}, instance`;
}

/** One row an instance, whatever other labels its series have. */
function instancesOf(selection: Selection, vector: string, besides?: string): string {
  return `group by (${by(selection)}${besides === undefined ? '' : `, ${besides}`}) (${vector})`;
}

function matcher({ label, values }: Selection, names?: readonly string[]): string {
  return `${label}=~${anyOf(values)}${names ? `,instance=~${anyOf(names)}` : ''}`;
}

/** PromQL and Go write text as JSON does. */
function anyOf(values: readonly string[]): string {
  return JSON.stringify(values.map(escaped).join('|'));
}

/** What would mean something else in an expression of RE2. */
export function escaped(value: string): string {
  return value.replace(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`);
}
