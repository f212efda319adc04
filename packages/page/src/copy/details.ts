/** Details of an event as names and values: a newer service may send some that this page does not know. */

const HASH = /^[0-9a-f]{64}$/;
/** Longer lists are cut: another view has them in full. */
const MOST = 4;

/** `end lost · modified 3`; without nulls and zeros. */
export function detailWords(details: unknown): string {
  if (details === null || details === undefined) return '';
  if (typeof details !== 'object') return valueWords(details);
  return Object.entries(details)
    .map(([name, value]) => [name.replaceAll('_', ' '), valueWords(value)])
    .filter(([, words]) => words !== '')
    .map((pair) => pair.join(' '))
    .join(' · ');
}

function valueWords(value: unknown): string {
  if (value === null || value === 0) return '';
  if (typeof value === 'string') return HASH.test(value) ? `${value.slice(0, 12)}…` : value;
  if (Array.isArray(value)) return listWords(value);
  if (typeof value === 'object' && 'path' in value && typeof value.path === 'string') return value.path;
  return JSON.stringify(value);
}

function listWords(list: readonly unknown[]): string {
  const words = list.slice(0, MOST).map(valueWords).join(', ');
  return list.length > MOST ? `${words} and ${list.length - MOST} more` : words;
}
