/** `RESULTS.md`: one section a claim, so that each can be measured again without the others. */

const HEAD = [
  '# Results',
  'Written by `npm run bench`, section by section: each says when it was measured and on what machine. Contenders take turns ' +
    'within a round, so ratios within a table hold when the machine drifts; compare ratios, not times.',
].join('\n\n');

/** `page` with `body` under the heading `title`. Sections stand in the order of `titles`; any other section is dropped. */
export function withSection(page: string, titles: readonly string[], title: string, body: string): string {
  const sections = new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((section): [string, string] => {
        const end = section.indexOf('\n');
        return [section.slice(0, end), section.slice(end).trim()];
      }),
  );
  sections.set(title, body);
  const kept = titles.flatMap((one) => {
    const text = sections.get(one);
    return text === undefined ? [] : [`## ${one}\n\n${text}`];
  });
  return `${[HEAD, ...kept].join('\n\n')}\n`;
}
