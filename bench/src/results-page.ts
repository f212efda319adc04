/** `RESULTS.md`: one section a claim, so that each can be measured again without the others. */

import { pageOfSections, sectionsOf } from 'portal-test-kit';

const HEAD = [
  '# Results',
  'Written by `npm run bench`, section by section: each says when it was measured and on what machine. Contenders take turns ' +
    'within a round, so ratios within a table hold when the machine drifts; compare ratios, not times.',
].join('\n\n');

/** `page` with `body` under the heading `title`. Sections stand in the order of `titles`; any other section is dropped. */
export function withSection(page: string, titles: readonly string[], title: string, body: string): string {
  const sections = sectionsOf(page);
  sections.set(title, body);
  return pageOfSections([HEAD], sections, titles);
}
