/** Whatever else is known of something, as names and values: other services may know other things than this page. */

/** `end lost · files 3`; empty when there is nothing. */
export function detailWords(details: unknown): string {
  if (details === null || details === undefined) return '';
  if (typeof details !== 'object') return valueWords(details);
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${valueWords(value)}`)
    .join(' · ');
}

function valueWords(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(valueWords).join(', ');
  return JSON.stringify(value);
}
