/**
 * `GET /v1/admin/integrity`: what the source was at the start, is on disk and should be, with the names of the files
 * that differ. For administrators only.
 */
import { loadedSourceSchema } from './admin-integrity-loaded.js';
import { defineRoute } from './route.js';
import {
  choice,
  dateTime,
  dateTimeMs,
  exactly,
  HASH,
  integer,
  integerOrNull,
  listOf,
  named,
  nonNegativeInteger,
  orNull,
  text,
  textOrNull,
  TIME,
} from './schema.js';

const sourceHash = { type: 'string', pattern: HASH, description: 'SHA-256 of the manifest.' } as const;

function names(description: string) {
  return listOf({ type: 'string' }, description);
}

const sourceChange = named('SourceChange', {
  type: 'object',
  description: 'One change, or one for a whole folder of files to which the same happened.',
  properties: {
    kind: choice(['added', 'removed', 'modified', 'renamed', 'swapped', 'copied'], 'What happened.'),
    path: text('From the root; a folder ends in `/`.'),
    from: text('The other path, of a file that was renamed, swapped or copied.'),
    note: text('How a text differs when it differs in nothing else.'),
    files: integer('How many files this stands for.', { minimum: 1 }),
  },
  required: ['kind', 'path', 'files'],
  additionalProperties: false,
});

const differences = {
  added: nonNegativeInteger('Files that only the second tree has.'),
  removed: nonNegativeInteger('Files that only the first tree has.'),
  modified: nonNegativeInteger('Files whose content differs.'),
  changes: listOf(sourceChange, 'What became of what, grouped by folders; the first of them.'),
  more_changes: nonNegativeInteger('How many changes more there are.'),
} as const;

const expectedSource = named(
  'ExpectedSource',
  exactly('What the source should be.', {
    source_hash: sourceHash,
    by: choice(['statement', 'hand'], 'Who says so.'),
    version: textOrNull('Of the release.'),
    sequence: integerOrNull('Of the release; never goes back.'),
    created: textOrNull('When the statement was made.'),
    expires: textOrNull('Until when it counts.'),
    commit: textOrNull('The commit that it was built from, on the word of whoever signed.'),
    node: textOrNull('The version of Node.js that it was released for.'),
    links: nonNegativeInteger('How many symbolic links were signed.'),
    key_ids: names('Of the keys that signed it.'),
    dependencies_hash: textOrNull('SHA-256 of the list of the dependencies, if that is signed.', HASH),
    lockfile: textOrNull('SHA-256 of the lock file, if that is signed.', HASH),
    node_binary: textOrNull('SHA-256 of the program that is to run, if that is signed.', HASH),
  }),
);

const bootSource = named(
  'BootSource',
  exactly('The source at the start.', {
    source_hash: sourceHash,
    files: nonNegativeInteger('How many.'),
    bytes: nonNegativeInteger('In all of them.'),
    hashed_at: dateTime('When.'),
  }),
);

const diskSource = named(
  'DiskSource',
  exactly('The source on disk.', {
    source_hash: sourceHash,
    files: nonNegativeInteger('How many.'),
    bytes: nonNegativeInteger('In all of them.'),
    swept_at: dateTime('When it was last looked at.'),
    reread_at: textOrNull('When it was last read from end to end.', TIME),
    reread_seconds: integerOrNull('How long that took, at a hundredth of a processor.'),
  }),
);

const touchedEntry = named(
  'TouchedEntry',
  exactly('An entry whose stamps moved and whose content did not.', {
    path: text('From the root.'),
    ctime_before: dateTimeMs('Its ctime when it was read before.'),
    ctime_after: dateTimeMs('Its ctime now.'),
    moved: listOf(choice(['mode', 'mtime', 'size', 'inode'], 'Which.'), 'What moved besides.'),
  }),
);

const sourceEvent = named(
  'SourceEvent',
  exactly('One stretch of changes without a pause.', {
    kind: choice(
      ['changed', 'touched', 'loaded', 'restarted', 'dependencies'],
      'On disk; stamps on disk, with the content of before; in memory something else than on disk at the start; on disk while nothing ' +
        'ran; or packages that are not as listed.',
    ),
    began_at: dateTime('When the first was seen.'),
    ended_at: dateTime('When the last was seen.'),
    hash_before: sourceHash,
    hash_after: textOrNull('`null` when it could not be read.', HASH),
    ...differences,
    put_back: nonNegativeInteger('Files that changed and were put back within it.'),
    put_back_paths: names('The first of them.'),
    refusals: names('Why the source could not be read, if so: the first reasons.'),
    touched: listOf(touchedEntry, 'Entries whose stamps moved, if that is what happened; the first of them.'),
    more_touched: nonNegativeInteger('How many more there are.'),
    loaded: names('Scripts in memory that are not what the source was, if that is what happened.'),
  }),
);

const lastRun = named(
  'LastRun',
  exactly('The run before.', {
    source_hash: textOrNull('`null` when this is the first that is kept.', HASH),
    differences: exactly('This start against it.', differences),
  }),
);

const dependenciesSchema = named(
  'Dependencies',
  exactly('The packages that the source imports.', {
    state: choice(
      ['pending', 'same', 'different', 'unreadable'],
      'Not looked at yet; as listed; not as listed, also when that was put back; cannot be compared.',
    ),
    dependencies_hash: textOrNull('SHA-256 of the list; without a list, of what was found first.', HASH),
    by: choice(['statement', 'list', 'start'], 'Who says what they should be.'),
    lockfile: textOrNull('SHA-256 of the lock file.', HASH),
    packages: nonNegativeInteger('How many are installed.'),
    files: nonNegativeInteger('In all of them.'),
    absent: nonNegativeInteger('Packages of the lock file that are not installed, and may be so.'),
    differences: exactly('Now, against the list.', differences),
    refusals: names('What cannot be hashed, or must not be there: the first reasons.'),
    notes: names('What nothing is known of, and what is noted besides.'),
    searched_elsewhere: names('Other folders in which Node would look for a package.'),
    different_since: textOrNull('When a difference was first found; stays until a restart.', TIME),
    checked_at: textOrNull('When they were last looked at.', TIME),
    reread_at: textOrNull('When they were last read from end to end.', TIME),
  }),
);

export const integritySchema = named(
  'Integrity',
  exactly('The source: what it should be, was at the start, and is on disk and in memory.', {
    state: choice(
      ['pending', 'unreadable', 'mismatched', 'loaded_differs', 'drifted', 'verified', 'unsigned'],
      'The most urgent that is true.',
    ),
    since: dateTime('Since when.'),
    exclude: names('What does not belong to the source.'),
    expected: orNull(expectedSource, 'What the source should be; `null` when nobody said.'),
    statement_refused: textOrNull('Why the signed statement is not believed.'),
    boot: orNull(bootSource, 'As hashed before the service listened: the published `source_hash`.'),
    disk: orNull(diskSource, 'As it lies on disk.'),
    loaded: orNull(loadedSourceSchema, 'What is in memory; `null` until that was looked at.'),
    loaded_differs_since: textOrNull(
      'When other code was first found in memory; stays until a restart.',
      TIME,
    ),
    drifted_since: textOrNull('When the disk was first found changed; stays when that is put back.', TIME),
    touched_at: textOrNull(
      'When stamps were last found moved with the content of before; no problem by itself.',
      TIME,
    ),
    differences: named('SourceDifferences', exactly('The disk against the start.', differences)),
    writable: integerOrNull(
      'How many files and folders the service itself may write; none is best. `null` until the second scan.',
    ),
    watching: orNull(
      choice(['events', 'scans'], 'Whether a change is seen at once, or at the next scan.'),
      '`null` before the first scan.',
    ),
    last_run: orNull(lastRun, 'The run before; `null` where it is not kept.'),
    dependencies: orNull(
      dependenciesSchema,
      'The packages that it imports; `null` when nobody asked for them.',
    ),
    node_binary: textOrNull(
      'SHA-256 of the program that runs, which is Node; `null` until it is known.',
      HASH,
    ),
    events: listOf(sourceEvent, 'What happened on disk, the latest first.'),
    refusals: names('Why the source cannot be read now: the first reasons.'),
    warnings: names(
      'What will be a problem, such as a statement that expires within thirty days, or cannot be told.',
    ),
  }),
);

export const adminIntegrityRoute = defineRoute({
  path: '/v1/admin/integrity',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminIntegrity',
    tag: 'Integrity',
    summary: 'What became of the source',
    description:
      'What the source should be, was at the start and is on disk, with the names of the files that differ.',
  },
  answers: { 200: { description: 'As it is known now.', schema: integritySchema } },
  handler: ({ services: { source } }) => source.state(),
});
