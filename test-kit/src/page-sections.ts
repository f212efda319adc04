/** A page of results, of which each section can be written again without the others. */

/** By title, without the heading. */
export function sectionsOf(page: string): Map<string, string> {
  return new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((section): [string, string] => {
        const end = section.indexOf('\n');
        return [section.slice(0, end), section.slice(end).trim()];
      }),
  );
}

/** `head` and the sections in the order of `titles`; any other section is dropped. */
export function pageOfSections(
  head: readonly string[],
  sections: ReadonlyMap<string, string>,
  titles: readonly string[],
): string {
  const kept = titles.flatMap((title) => {
    const text = sections.get(title);
    return text === undefined ? [] : [`## ${title}\n\n${text}`];
  });
  return `${[...head, ...kept].join('\n\n')}\n`;
}
