/** `GET /v1/admin/integrity/loaded`: what is in memory of the source, script by script. */
import { defineRoute } from './route.js';
import {
  choice,
  dateTime,
  exactly,
  HASH,
  listOf,
  named,
  nonNegativeInteger,
  orNull,
  text,
  textOrNull,
  yesOrNo,
} from './schema.js';

function names(description: string) {
  return listOf({ type: 'string' }, description);
}

const packageSchema = named(
  'OutsidePackage',
  exactly('Scripts from outside of the source that belong together.', {
    name: textOrNull('Of the package, as its folder is called; `null` for files that belong to none.'),
    folder: text('Where it lies.'),
    scripts: nonNegativeInteger('How many are in memory.'),
    inside: yesOrNo('Whether it lies below the root, in a place that the scope leaves out.'),
  }),
);

const processSchema = named(
  'ProcessFigures',
  exactly('What can bring code into the process besides the files of the source.', {
    node_options: textOrNull('`NODE_OPTIONS` as of the start.'),
    exec_argv: names('Options of Node.'),
    preloads: names('What either of them loads before the service.'),
    loader_hooks: yesOrNo('Whether hooks of the module loader are registered.'),
    inspector_open: yesOrNo('Whether the inspector listens.'),
    workers: nonNegativeInteger(
      'Threads that run JavaScript, our own included, and those started before us, of which nobody tells whether they have ended; their memory is not seen.',
    ),
    addons: orNull(names('Paths of native addons.'), '`null` where the system does not tell.'),
  }),
);

const fields = {
  inspected_at: dateTime('When memory was looked into.'),
  state: choice(
    ['same', 'different', 'transformed', 'open'],
    '`open`: nothing of the source is in memory, so nothing was compared. `transformed`: a loader rewrites sources.',
  ),
  scripts: nonNegativeInteger('Scripts of the source that are in memory.'),
  different: names('Paths whose text in memory is not that of the file as hashed at the start.'),
  unknown: names(
    'Paths that scripts say they came from, and the source did not have; names of Node that are not its own.',
  ),
  transformed: names('Paths whose text a loader rewrote on its way into memory.'),
  outside: nonNegativeInteger('Scripts from files outside of the scope, such as dependencies.'),
  packages: listOf(packageSchema, 'The same by package.'),
  evaluated: nonNegativeInteger('Scripts made from text, without a file.'),
  evaluated_digests: names('SHA-256 of their texts, each once; the first hundred in order.'),
  process: processSchema,
  held_ms: { type: 'number', minimum: 0, description: 'Milliseconds for which the event loop was held.' },
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
    match: choice(
      ['same', 'different', 'unknown', 'transformed'],
      '`unknown`: the source had no such file. `transformed`: rewritten by a loader.',
    ),
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
      'Every script that V8 holds, against the file it came from, as of the last look: a request makes none.',
  },
  answers: { 200: { description: 'As it is known now.', schema: loadedScriptsSchema } },
  handler: ({ services: { source } }) => source.inspect(),
});
