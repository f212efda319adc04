/**
 * The options that say what belongs to a tree.
 */
import { readText } from 'portal-shared/cli/arguments';
import { UsageError, type OptionHelp } from 'portal-shared/cli/command';
import { createScope, type Scope } from '../scan/scope.js';
import { resolveRoot } from '../scan/walk.js';

export const SCOPE_OPTIONS = {
  exclude: { type: 'string', multiple: true },
  'exclude-from': { type: 'string', multiple: true },
} as const;

export const SCOPE_HELP: readonly OptionHelp[] = [
  [
    '--exclude PATH|NAME',
    'leave out a path from DIR such as ./node_modules, or a name at any depth; repeatable',
  ],
  ['--exclude-from FILE', 'the same, one a line'],
];

/** Of the commands that make a release. */
export const LINKS_OPTION = { links: { type: 'boolean' } } as const;

export const LINKS_HELP: OptionHelp = [
  '--links',
  'let in the symbolic links that stay in the tree; sign puts each with its target into the statement',
];

interface ScopeValues {
  readonly exclude?: readonly string[] | undefined;
  readonly 'exclude-from'?: readonly string[] | undefined;
}

export function hasExcludes(values: ScopeValues): boolean {
  return values.exclude !== undefined || values['exclude-from'] !== undefined;
}

export function readScope(folder: string, values: ScopeValues, links = false): Scope {
  const listed = (values['exclude-from'] ?? []).flatMap((file) =>
    readText(file)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
  try {
    const scope = createScope(resolveRoot(folder), [...(values.exclude ?? []), ...listed]);
    return links ? { ...scope, links: 'inside' } : scope;
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}
