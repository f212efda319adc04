/**
 * The guides, which are the Markdown files of `docs/`: read once, and served under `/docs/`. Where they were left out
 * of an installation there are none, and the index names none.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { GUIDES } from '../../config/installation.js';
import { errorCode } from 'portal-shared/error-code';

/** One guide. */
export interface Guide {
  /** Name of the file, e.g. `errors.md`. */
  readonly name: string;
  readonly title: string;
  /** Its first paragraph, on one line. */
  readonly about: string;
  readonly text: string;
}

/** Reads all of them, by name. */
export function readGuides(folder = GUIDES): readonly Guide[] {
  return namesIn(folder)
    .filter((name) => /^[a-z-]+\.md$/.test(name))
    .toSorted()
    .map((name) => {
      const text = readFileSync(new URL(name, folder), 'utf8');
      const [, title = name, about = ''] = /^# (.+)\n+((?:[^\n#].*\n)*)/.exec(text) ?? [];
      return { name, title, about: about.trim().replaceAll('\n', ' '), text };
    });
}

function namesIn(folder: URL): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
