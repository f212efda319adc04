/** The status page itself. */
import type { PublicServicesDocument } from '../../api/public-services-schema.js';
import { SHAPES } from './badge.js';
import { escaped } from './escaped.js';
import { slugOf, worstOf, type PagesOptions } from './shared.js';
import { SHEET } from './style.js';

type Service = PublicServicesDocument['services'][number];
type Day = Service['days'][number];

const HEADLINES: Readonly<Record<string, string>> = {
  healthy: 'Everything works',
  degraded: 'Some of it is slow or does not work',
  unhealthy: 'Something does not work',
  unknown: 'It is not known whether everything works',
};
const MOST_PAST = 20;
/** A worse day is higher, so that it needs no colour. */
const HEIGHTS: Readonly<Record<string, number>> = {
  healthy: 10,
  degraded: 24,
  unhealthy: 40,
  maintenance: 4,
};
const HEIGHT = 40;
const BAR = 10;

export function html(document: PublicServicesDocument, { title, silentSince, nowMs }: PagesOptions): string {
  const { services, updated_at: updatedAt, measures } = document;
  const status = worstOf(services.map((service) => service.status));
  const headline =
    services.length === 0 ? 'No service is public yet' : (HEADLINES[status] ?? HEADLINES['unknown'] ?? '');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src 'self'">
<title>${SHAPES[status] ?? ''} ${escaped(title)}: ${escaped(headline)}</title>
<link rel="alternate" type="application/atom+xml" href="feed.xml" title="${escaped(title)}">
<link rel="icon" href="badge.svg" type="image/svg+xml">
<style>${SHEET}</style>
</head>
<body>
<header>
<p>${escaped(title)}</p>
<h1 class="${status}"><span aria-hidden="true">${SHAPES[status] ?? ''}</span> ${escaped(headline)}</h1>
${
  silentSince === null
    ? ''
    : `<p class="silent">The service that watches has not answered since ${time(silentSince)}. What is below is from before.</p>\n`
}</header>
<main>
${services.map(serviceHtml).join('')}<section>
<h2>Past troubles</h2>
${pastHtml(services)}</section>
</main>
<footer>
<p>As of ${time(Date.parse(updatedAt))}. All times are UTC. ${escaped(measures)} Planned maintenance is left out of the percentages.
<a href="feed.xml">Feed</a> · <a href="status.json">JSON</a></p>
<p>This page was written at ${time(nowMs)}; if that is long ago, nobody has written it since.</p>
</footer>
</body>
</html>
`;
}

function serviceHtml(service: Service): string {
  const { name, status, sentence, since, days, ranges, maintenance } = service;
  const percents = ranges.map(
    ({ days: count, healthy_percent: percent }) =>
      `<div><dt>${count === 1 ? '24 hours' : `${count} days`}</dt><dd>${percent === null ? 'not measured' : `${percent} %`}</dd></div>`,
  );
  return `<section aria-labelledby="${slugOf(name)}">
<div class="line"><h2 id="${slugOf(name)}">${escaped(name)}</h2>
<p class="mark ${status}"><span aria-hidden="true">${SHAPES[status] ?? ''}</span> ${escaped(sentence)} <small>since ${time(Date.parse(since))}</small></p></div>
${barsHtml(days)}
<dl aria-label="Healthy time">${percents.join('')}</dl>
${maintenance.map(({ from, until }) => `<p>Maintenance is planned from ${time(Date.parse(from))} to ${time(Date.parse(until))}.</p>\n`).join('')}</section>
`;
}

function barsHtml(days: readonly Day[]): string {
  const bars = days.map((day, index) => {
    const worst = worstOfDay(day);
    const height = HEIGHTS[worst] ?? 1;
    return `<rect class="${worst}" x="${index * BAR + 1}" y="${HEIGHT - height}" width="${BAR - 2}" height="${height}"><title>${escaped(dayText(day))}</title></rect>`;
  });
  const troubled = days.filter((day) => ['degraded', 'unhealthy'].includes(worstOfDay(day))).length;
  const measured = days.filter((day) => worstOfDay(day) !== 'none').length;
  return `<svg viewBox="0 0 ${days.length * BAR} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${measured} of the last ${days.length} days were measured, ${troubled} of them were not healthy throughout.">${bars.join('')}</svg>`;
}

function worstOfDay(day: Day): string {
  if (day.unhealthy_ms > 0) return 'unhealthy';
  if (day.degraded_ms > 0) return 'degraded';
  if (day.healthy_ms > 0) return 'healthy';
  return day.maintenance_ms > 0 ? 'maintenance' : 'none';
}

function dayText(day: Day): string {
  const percent = day.healthy_percent === null ? 'not measured' : `healthy ${day.healthy_percent} %`;
  const parts = [
    ['unhealthy', day.unhealthy_ms],
    ['degraded', day.degraded_ms],
    ['maintenance', day.maintenance_ms],
  ] as const;
  const named = parts.filter(([, ms]) => ms > 0).map(([word, ms]) => `${word} ${lengthText(ms)}`);
  return `${day.date}: ${[percent, ...named].join(', ')}`;
}

function pastHtml(services: readonly Service[]): string {
  const past = services
    .flatMap(({ name, outages }) => outages.map((outage) => ({ name, ...outage })))
    .toSorted((one, other) => Date.parse(other.from) - Date.parse(one.from))
    .slice(0, MOST_PAST);
  if (past.length === 0) return '<p>None in the last 90 days.</p>\n';
  const rows = past.map(({ name, from, to, worst, sentence }) => {
    const lasted = to === null ? 'ongoing' : `lasted ${lengthText(Date.parse(to) - Date.parse(from))}`;
    return `<li><span class="mark ${worst}"><span aria-hidden="true">${SHAPES[worst] ?? ''}</span> ${escaped(name)}</span> ${escaped(sentence)} <small>${time(Date.parse(from))}, ${lasted}</small></li>\n`;
  });
  return `<ul>\n${rows.join('')}</ul>\n`;
}

function time(atMs: number): string {
  const iso = new Date(atMs).toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** To the second: what is shorter is `1 s`. */
function lengthText(ms: number): string {
  let rest = Math.max(1_000, Math.round(ms / 1_000) * 1_000);
  const words = UNITS.flatMap(([unit, unitMs]) => {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    return count === 0 ? [] : [`${count} ${unit}`];
  });
  return words.join(' ');
}
