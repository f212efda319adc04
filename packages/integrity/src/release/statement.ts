/**
 * What is signed at a release: an in-toto Statement v1 with one subject, the manifest. One and not one for each file,
 * because those would let a deleted or swapped file pass.
 */
import type { KeyObject } from 'node:crypto';
import { openEnvelope, sealEnvelope } from './envelope.js';
import { asCount, asList, asObject, asString, parseObject, type JsonObject } from 'portal-shared/json';
import { createScope, type Link } from '../scan/scope.js';
import { StatementError } from './statement-error.js';

export interface Statement {
  /** The hash of the tree, which is the SHA-256 of the manifest. */
  readonly sourceHash: string;
  readonly version: string;
  /** Grows with every release, so that an old one cannot be put in place of a newer. */
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly expires: string;
  /** What does not belong to the tree. */
  readonly exclude: readonly string[];
  /** The symbolic links that it may hold, and must, by path. */
  readonly links: readonly Link[];
  /** Where what does not belong to it lay, as far as it must lie nowhere else. */
  readonly leftOut?: readonly string[] | undefined;
  readonly files: number;
  readonly bytes: number;
  /** Version of Node it was released for, e.g. `20.20.2`. */
  readonly node: string;
  /** The commit of Git that it was built from, 40 or 64 hexadecimal digits, on the word of whoever signed; `null` when none was given. */
  readonly commit: string | null;
  /** SHA-256 of the lock file; `null` when none was given. */
  readonly lockfile: string | null;
  /** SHA-256 of the list of the packages' files, the `dependencies_hash`; `null` when there is none. */
  readonly dependencies: string | null;
  /** SHA-256 of the binary of Node; `null` when none was given. */
  readonly nodeBinary: string | null;
}

/** A statement that is believed, and whose it is. */
export interface Accepted extends Statement {
  readonly keyIds: readonly string[];
}

export interface Acceptance {
  /** Ed25519 public keys, from outside of the tree. */
  readonly keys: readonly KeyObject[];
  readonly minimumSequence: number;
  /** The highest sequence that was accepted before, and the one that may be lower than it: a rollback on purpose. */
  readonly rememberedSequence?: number | undefined;
  readonly acceptedSequence?: number | undefined;
  /** By how many of the keys it must be signed; default 1. */
  readonly threshold?: number;
  readonly now: Date;
}

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'https://docs.7331.org/portal-integrity-release/v1';
const SUBJECT = 'source.sha256';
const DIGEST = /^[0-9a-f]{64}$/;

/** The text of `source.intoto.jsonl`: one signed line, or without a key one that is yet to be signed. */
export function signStatement(statement: Statement, privateKey: KeyObject | undefined): string {
  const { sourceHash, version, sequence, created, expires, exclude, links, leftOut } = statement;
  const { files, bytes, node, commit } = statement;
  const payload = {
    _type: STATEMENT_TYPE,
    subject: [{ name: SUBJECT, digest: { sha256: sourceHash, dirHash: sourceHash } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      release: { version, sequence, created, expires },
      scope: {
        exclude,
        ...(links.length === 0 ? {} : { links }),
        ...(leftOut === undefined ? {} : { leftOut }),
      },
      files,
      bytes,
      node,
      ...(commit === null ? {} : { commit: { gitCommit: commit } }),
      ...digestField('lockfile', statement.lockfile),
      ...digestField('dependencies', statement.dependencies),
      ...digestField('nodeBinary', statement.nodeBinary),
    },
  };
  return sealEnvelope(Buffer.from(JSON.stringify(payload)), privateKey);
}

/**
 * Reads `source.intoto.jsonl` and believes it only if everything about it holds.
 *
 * @throws StatementError
 */
export function acceptStatement(
  text: string,
  { keys, minimumSequence, rememberedSequence, acceptedSequence, threshold, now }: Acceptance,
): Accepted {
  const { payload, keyIds } = openEnvelope(text, keys, threshold);
  const statement = parseStatement(payload);
  if (Date.parse(statement.expires) <= now.getTime()) throw new StatementError('E_EXPIRED');
  if (Date.parse(statement.expires) <= Date.parse(statement.created)) throw new StatementError('E_PERIOD');
  if (statement.sequence < minimumSequence) throw new StatementError('E_SEQUENCE');
  if (statement.sequence < (rememberedSequence ?? 0) && statement.sequence !== acceptedSequence) {
    throw new StatementError(
      'E_SEQUENCE',
      `Sequence ${rememberedSequence} was accepted here; to roll back on purpose, accept ${statement.sequence} by name.`,
    );
  }
  return { ...statement, keyIds };
}

/** Why a statement is not believed whose figures are not those of the very tree that it vouches for. */
export function contradictionOf(
  { files, bytes }: Pick<Statement, 'files' | 'bytes'>,
  tree: { readonly files: number; readonly bytes: number },
): string | undefined {
  const fits = files === tree.files && bytes === tree.bytes;
  return fits ? undefined : new StatementError('E_FIGURES').message;
}

function parseStatement(payload: Buffer): Statement {
  const statement = parseObject(payload.toString());
  if (statement?.['_type'] !== STATEMENT_TYPE) throw new StatementError('E_STATEMENT_TYPE');
  if (statement['predicateType'] !== PREDICATE_TYPE) throw new StatementError('E_PREDICATE_TYPE');
  const sourceHash = subjectOf(statement);
  if (sourceHash === undefined) throw new StatementError('E_SUBJECT');

  const predicate = asObject(statement['predicate']);
  const release = asObject(predicate?.['release']);
  const version = asString(release?.['version']);
  const sequence = asCount(release?.['sequence']);
  const created = asTime(release?.['created']);
  const expires = asTime(release?.['expires']);
  const files = asCount(predicate?.['files']);
  const bytes = asCount(predicate?.['bytes']);
  const node = asString(predicate?.['node']);
  const commit = commitOf(predicate);
  const lockfile = digestOf(predicate, 'lockfile');
  const dependencies = digestOf(predicate, 'dependencies');
  const nodeBinary = digestOf(predicate, 'nodeBinary');
  if (
    version === undefined ||
    sequence === undefined ||
    created === undefined ||
    expires === undefined ||
    files === undefined ||
    bytes === undefined ||
    node === undefined ||
    commit === undefined ||
    lockfile === undefined ||
    dependencies === undefined ||
    nodeBinary === undefined
  ) {
    throw new StatementError('E_PREDICATE');
  }
  const exclude = excludeOf(predicate);
  const links = linksOf(predicate);
  const leftOut = leftOutOf(predicate);
  return {
    sourceHash,
    version,
    sequence,
    created,
    expires,
    exclude,
    links,
    leftOut,
    files,
    bytes,
    node,
    commit,
    lockfile,
    dependencies,
    nodeBinary,
  };
}

function subjectOf(statement: JsonObject): string | undefined {
  const [subject, ...others] = asList(statement['subject']) ?? [];
  const { name, digest } = asObject(subject) ?? {};
  const { sha256, dirHash } = asObject(digest) ?? {};
  const hash = asString(sha256);
  const isOurs = others.length === 0 && name === SUBJECT && dirHash === hash;
  return isOurs && hash !== undefined && DIGEST.test(hash) ? hash : undefined;
}

function excludeOf(predicate: JsonObject | undefined): readonly string[] {
  try {
    return createScope('.', asObject(predicate?.['scope'])?.['exclude'] ?? 'none declared').exclude;
  } catch {
    throw new StatementError('E_SCOPE');
  }
}

function linksOf(predicate: JsonObject | undefined): readonly Link[] {
  const listed = asObject(predicate?.['scope'])?.['links'];
  if (listed === undefined) return [];
  const links = asList(listed)?.map((entry) => {
    const { path, target } = asObject(entry) ?? {};
    const link = { path: asString(path), target: asString(target) };
    return isLink(link) ? link : undefined;
  });
  const found = links?.filter((link) => link !== undefined) ?? [];
  const paths = new Set(found.map(({ path }) => path));
  if (!links || paths.size !== links.length) throw new StatementError('E_LINKS');
  return found;
}

function leftOutOf(predicate: JsonObject | undefined): readonly string[] | undefined {
  const listed = asObject(predicate?.['scope'])?.['leftOut'];
  if (listed === undefined) return undefined;
  const paths = asList(listed)?.map(asString);
  const found = paths?.filter((path) => path !== undefined) ?? [];
  if (!paths || found.length !== paths.length) throw new StatementError('E_SCOPE');
  return found;
}

function isLink(link: {
  readonly path: string | undefined;
  readonly target: string | undefined;
}): link is Link {
  const { path, target } = link;
  return path !== undefined && path !== '' && target !== undefined && target !== '';
}

/** As for a digest. */
function commitOf(predicate: JsonObject | undefined): string | null | undefined {
  if (predicate?.['commit'] === undefined) return null;
  const commit = asString(asObject(predicate['commit'])?.['gitCommit']);
  return commit !== undefined && isCommit(commit) ? commit : undefined;
}

/** The full name of a commit of Git, by SHA-1 or SHA-256. */
export function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

type DigestField = 'lockfile' | 'dependencies' | 'nodeBinary';

function digestField(field: DigestField, digest: string | null): object {
  return digest === null ? {} : { [field]: { sha256: digest } };
}

/** `null`: none was given; `undefined`: it cannot be read. */
function digestOf(predicate: JsonObject | undefined, field: DigestField): string | null | undefined {
  if (predicate?.[field] === undefined) return null;
  const digest = asString(asObject(predicate[field])?.['sha256']);
  return digest !== undefined && DIGEST.test(digest) ? digest : undefined;
}

function asTime(value: unknown): string | undefined {
  const text = asString(value);
  const isTime = text !== undefined && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text);
  return isTime && !Number.isNaN(Date.parse(text)) ? text : undefined;
}
