/** A badge for READMEs and portals: a name and a status, by shape, word and colour. */
import { escaped } from './escaped.js';

/** White on each has a contrast of at least 4.5. */
const COLOURS: Readonly<Record<string, string>> = {
  healthy: '#00684a',
  degraded: '#8a5200',
  unhealthy: '#b3261e',
  unknown: '#565e69',
};
export const SHAPES: Readonly<Record<string, string>> = {
  healthy: '●',
  degraded: '▲',
  unhealthy: '■',
  unknown: '◌',
};
const HEIGHT = 20;
/** Of the widest usual sans serif at 11 px; `textLength` fits what is wider or narrower. */
const CHARACTER = 6.6;
const MARGIN = 6;
const MOST_CHARACTERS = 60;

export function badge(name: string, status: string): string {
  const shown = name.length > MOST_CHARACTERS ? `${name.slice(0, MOST_CHARACTERS - 1)}…` : name;
  const word = `${SHAPES[status] ?? '◌'} ${status}`;
  const [left, right] = [widthOf(shown), widthOf(word)];
  const text = (content: string, from: number, width: number): string =>
    `<text x="${from + MARGIN}" y="14" textLength="${width - 2 * MARGIN}" lengthAdjust="spacingAndGlyphs">${escaped(content)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="${HEIGHT}" role="img" aria-label="${escaped(`${name}: ${status}`)}">
  <title>${escaped(`${name}: ${status}`)}</title>
  <rect width="${left + right}" height="${HEIGHT}" rx="3" fill="#3b4149"/>
  <path d="M${left} 0h${right - 3}a3 3 0 0 1 3 3v${HEIGHT - 6}a3 3 0 0 1 -3 3H${left}z" fill="${COLOURS[status] ?? '#565e69'}"/>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
    ${text(shown, 0, left)}
    ${text(word, left, right)}
  </g>
</svg>
`;
}

function widthOf(content: string): number {
  return Math.ceil(content.length * CHARACTER) + 2 * MARGIN;
}
