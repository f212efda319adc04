/** `GET /v1/admin/integrity/loaded`: what is in memory of the source, script by script. */
import { defineRoute } from './route.js';
import { choice, dateTime, exactly, HASH, listOf, named, nonNegativeInteger, text } from './schema.js';

function names(description: string) {
  return listOf({ type: 'string' }, description);
}

const fields = {
  inspected_at: dateTime('When memory was looked into.'),
  scripts: nonNegativeInteger('Scripts of the source that are in memory.'),
  different: names('Paths whose text in memory is not that of the file as hashed at the start.'),
  unknown: names('Paths that scripts say they came from, and the source did not have.'),
  outside: nonNegativeInteger('Scripts from files outside of the scope, such as dependencies.'),
  evaluated: nonNegativeInteger('Scripts made from text, without a file.'),
} as const;

export const loadedSourceSchema = named('LoadedSource', exactly('The source in memory.', fields));

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

export const loadedScriptsSchema = named(
  'LoadedScripts',
  exactly('The source in memory, script by script.', {
    ...fields,
    matched: listOf(loadedScript, 'Every script of the source, in the order of the paths.'),
  }),
);

export const adminIntegrityLoadedRoute = defineRoute({
  path: '/v1/admin/integrity/loaded',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminIntegrityLoaded',
    tag: 'Integrity',
    summary: 'What is in memory of the source',
    description:
      'Every script that V8 holds, against the file it came from. Looked up once in ten seconds at most.',
  },
  answers: { 200: { description: 'As it is known now.', schema: loadedScriptsSchema } },
  handler: ({ services: { source } }) => source.inspect(),
});
