/**
 * The lines of an `INFO`, and the figures in them.
 */

/** The lines `name:value`. A last line without its end was cut off, and half a number is a wrong one. */
export function fieldsOf(info: string): Map<string, string> {
  const fields = new Map<string, string>();
  let start = 0;
  for (let end = info.indexOf('\n'); end !== -1; end = info.indexOf('\n', start)) {
    const line = info.slice(start, info[end - 1] === '\r' ? end - 1 : end);
    start = end + 1;
    const colon = line.indexOf(':');
    if (colon <= 0 || line.startsWith('#')) continue;
    const name = line.slice(0, colon);
    if (!fields.has(name)) fields.set(name, line.slice(colon + 1));
  }
  return fields;
}

/** A figure of a line such as `keys=200,expires=0,avg_ttl=0`. */
export function figureIn(figures: string, name: string): number | null {
  const prefix = `${name}=`;
  const entry = figures.split(',').find((part) => part.startsWith(prefix));
  return figureOf(entry?.slice(prefix.length));
}

/** A finite number that is not negative; anything else is no figure. */
export function figureOf(text: string | undefined): number | null {
  if (text === undefined || !/^\d+(\.\d+)?$/.test(text)) return null;
  const figure = Number(text);
  return Number.isFinite(figure) ? figure : null;
}
