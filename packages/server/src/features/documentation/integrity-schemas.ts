/**
 * The shape of what administrators read of the source.
 */
import { exactly, HASH, listOf, orNull, schemaRef, textOrNull, TIME, type Schema } from './schema.js';

const COUNT: Schema = { type: 'integer', minimum: 0 };

function count(description: string): Schema {
  return { ...COUNT, description };
}

function time(description: string): Schema {
  return { type: 'string', format: 'date-time', pattern: TIME, description };
}

const sourceHash: Schema = { type: 'string', pattern: HASH, description: 'SHA-256 of the manifest.' };
const names = (description: string): Schema => listOf({ type: 'string' }, description);

const differences = {
  added: count('Files that only the second tree has.'),
  removed: count('Files that only the first tree has.'),
  modified: count('Files whose content differs.'),
  changes: listOf(schemaRef('SourceChange'), 'What became of what, grouped by folders; the first of them.'),
  more_changes: count('How many changes more there are.'),
};

const loaded = {
  inspected_at: time('When memory was looked into.'),
  scripts: count('Scripts of the source that are in memory.'),
  different: names('Paths whose text in memory is not that of the file as hashed at the start.'),
  unknown: names('Paths that scripts say they came from, and the source did not have.'),
  outside: count('Scripts from files outside of the scope, such as dependencies.'),
  evaluated: count('Scripts made from text, without a file.'),
};

/** All of them, by name. */
export const INTEGRITY_SCHEMAS = {
  Integrity: exactly('The source: what it should be, was at the start, and is on disk and in memory.', {
    state: {
      type: 'string',
      enum: ['pending', 'unreadable', 'mismatched', 'drifted', 'verified', 'unsigned'],
      description: 'The most urgent that is true.',
    },
    since: time('Since when.'),
    exclude: names('What does not belong to the source.'),
    expected: orNull('ExpectedSource', 'What the source should be; `null` when nobody said.'),
    statement_refused: textOrNull('Why the signed statement is not believed.'),
    boot: orNull('BootSource', 'As hashed before the service listened: the published `source_hash`.'),
    disk: orNull('DiskSource', 'As it lies on disk.'),
    loaded: orNull('LoadedSource', 'What is in memory; `null` until it was asked for.'),
    drifted_since: textOrNull('When the disk was first found changed; stays when that is put back.', TIME),
    differences: schemaRef('SourceDifferences'),
    events: listOf(schemaRef('SourceEvent'), 'What happened on disk, the latest first.'),
    refusals: names('Why the source cannot be read now: the first reasons.'),
  }),
  ExpectedSource: exactly('What the source should be.', {
    source_hash: sourceHash,
    by: { type: 'string', enum: ['statement', 'hand'], description: 'Who says so.' },
    version: textOrNull('Of the release.'),
    sequence: { type: ['integer', 'null'], description: 'Of the release; never goes back.' },
    created: textOrNull('When the statement was made.'),
    expires: textOrNull('Until when it counts.'),
    key_ids: names('Of the keys that signed it.'),
  }),
  BootSource: exactly('The source at the start.', {
    source_hash: sourceHash,
    files: count('How many.'),
    bytes: count('In all of them.'),
    hashed_at: time('When.'),
  }),
  DiskSource: exactly('The source on disk.', {
    source_hash: sourceHash,
    files: count('How many.'),
    bytes: count('In all of them.'),
    swept_at: time('When it was last looked at.'),
    reread_at: textOrNull('When it was last read from end to end.', TIME),
  }),
  LoadedSource: exactly('The source in memory.', loaded),
  LoadedScripts: exactly('The source in memory, script by script.', {
    ...loaded,
    matched: listOf(schemaRef('LoadedScript'), 'Every script of the source, in the order of the paths.'),
  }),
  LoadedScript: exactly('One script.', {
    path: { type: 'string', description: 'From the root of the source.' },
    digest: { type: 'string', pattern: HASH, description: 'SHA-256 of the file, or of the text in memory.' },
    match: {
      type: 'string',
      enum: ['same', 'different', 'unknown'],
      description: '`unknown`: the source had no such file.',
    },
  }),
  SourceDifferences: exactly('The disk against the start.', differences),
  SourceChange: {
    type: 'object',
    description: 'One change, or one for a whole folder of files to which the same happened.',
    properties: {
      kind: {
        type: 'string',
        enum: ['added', 'removed', 'modified', 'renamed', 'swapped', 'copied'],
        description: 'What happened.',
      },
      path: { type: 'string', description: 'From the root; a folder ends in `/`.' },
      from: { type: 'string', description: 'The other path, of a file that was renamed, swapped or copied.' },
      note: { type: 'string', description: 'How a text differs when it differs in nothing else.' },
      files: { type: 'integer', minimum: 1, description: 'How many files this stands for.' },
    },
    required: ['kind', 'path', 'files'],
    additionalProperties: false,
  },
  SourceEvent: exactly('One stretch of changes without a pause.', {
    began_at: time('When the first was seen.'),
    ended_at: time('When the last was seen.'),
    hash_before: sourceHash,
    hash_after: textOrNull('`null` when it could not be read.', HASH),
    ...differences,
    put_back: count('Files that changed and were put back within it.'),
    put_back_paths: names('The first of them.'),
    refusals: names('Why the source could not be read, if so: the first reasons.'),
  }),
} as const satisfies Record<string, Schema>;
