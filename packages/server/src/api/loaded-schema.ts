/** What V8 holds of the source in memory. */
import { choice, count, exactly, HASH, listOf, named, text, time } from './schema.js';

function names(description: string) {
  return listOf({ type: 'string' }, description);
}

const fields = {
  inspected_at: time('When memory was looked into.'),
  scripts: count('Scripts of the source that are in memory.'),
  different: names('Paths whose text in memory is not that of the file as hashed at the start.'),
  unknown: names('Paths that scripts say they came from, and the source did not have.'),
  outside: count('Scripts from files outside of the scope, such as dependencies.'),
  evaluated: count('Scripts made from text, without a file.'),
} as const;

export const loadedSource = named('LoadedSource', exactly('The source in memory.', fields));

const loadedScript = named(
  'LoadedScript',
  exactly('One script.', {
    path: text('From the root of the source.'),
    digest: {
      type: 'string',
      pattern: HASH,
      description: 'SHA-256 of the file, or of the text in memory.',
    },
    match: choice(['same', 'different', 'unknown'], '`unknown`: the source had no such file.'),
  }),
);

export const loadedScripts = named(
  'LoadedScripts',
  exactly('The source in memory, script by script.', {
    ...fields,
    matched: listOf(loadedScript, 'Every script of the source, in the order of the paths.'),
  }),
);
