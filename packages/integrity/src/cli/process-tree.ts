/**
 * The tree as a process sees it: what belongs to it, and what of it changed after the process started.
 */
import { lstatSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createExclusion, type Scope } from '../scan/scope.js';
import { createLinkCheck } from '../scan/links.js';
import { below, listFolder } from '../scan/walk.js';
import { resolveBelow } from './process-root.js';
import type { ProcessFacts } from './process-facts.js';

export interface ProcessTree {
  /** Absolute in the process's root. */
  readonly root: string;
  /** Whether a file is of the tree, by its path in the process's root. */
  holds(path: string): boolean;
  /** Whether it belongs to packages beside or below the tree. */
  holdsAsDependency(path: string): boolean;
}

export function treeOf({ pid }: ProcessFacts, { root: seen, exclude }: Scope): ProcessTree {
  const top = `/proc/${pid}/root`;
  const root = seen.startsWith(`${top}/`) ? seen.slice(top.length) : seen;
  const excludes = createExclusion(exclude);
  const start = root.endsWith('/') ? root : `${root}/`;
  return {
    root,
    holds(path) {
      const real = realPath(top, path);
      if (real === undefined || !real.startsWith(start)) return false;
      const parts = real.slice(start.length).split('/');
      return !parts.some((name, index) => excludes(parts.slice(0, index + 1).join('/'), name));
    },
    holdsAsDependency(path) {
      const place = path.lastIndexOf('/node_modules/');
      return place !== -1 && (path.startsWith(start) || start.startsWith(`${path.slice(0, place)}/`));
    },
  };
}

/** As the process would find it; `undefined` when there is no such file. */
function realPath(top: string, path: string): string | undefined {
  try {
    return resolveBelow(top, path);
  } catch {
    return undefined;
  }
}

/** A file that is written while the process is being made counts as from before. */
export const START_TICK_MS = 20;
const MAX_CHANGES = 5;

/** Node finds a main script without its end, and that of a folder. */
export function scriptPath(script: string, facts: ProcessFacts): string {
  const path = pathOf(script, facts);
  const top = `/proc/${facts.pid}/root`;
  const found = ['', '.js', '.cjs', '.mjs', '/index.js']
    .map((end) => `${path}${end}`)
    .find((file) => {
      const real = realPath(top, file);
      return real !== undefined && lstatSync(`${top}${real}`, { throwIfNoEntry: false })?.isFile() === true;
    });
  return found ?? mainOfPackage(path, top) ?? path;
}

function mainOfPackage(folder: string, top: string): string | undefined {
  try {
    const { main }: { main?: unknown } = JSON.parse(
      readFileSync(`${top}${resolveBelow(top, `${folder}/package.json`)}`, 'utf8'),
    );
    return typeof main === 'string' ? `${folder}/${main}` : undefined;
  } catch {
    return undefined;
  }
}

/** Absolute in the process's root. A bare name of a package stays what it is, and lies nowhere. */
export function pathOf(text: string, { folder }: ProcessFacts): string {
  if (text.startsWith('file:')) {
    try {
      return fileURLToPath(text);
    } catch {
      return text;
    }
  }
  return text.startsWith('/') ? text : `${folder}/${text}`;
}

export function changedAtMs(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Number.POSITIVE_INFINITY;
}

/** Entries of the tree whose ctime is younger than the process. Folders in which something is left out move of themselves. */
export function changesAfter(startedAt: Date, { root, exclude, links: accepted }: Scope): readonly string[] {
  const excludes = createExclusion(exclude);
  const checkLink = createLinkCheck(root, excludes, accepted);
  const afterMs = startedAt.getTime() + START_TICK_MS;
  const found: { readonly path: string; readonly atMs: number }[] = [];
  const note = (path: string): void => {
    const atMs = changedAtMs(below(root, path));
    if (atMs > afterMs) found.push({ path: path === '' ? '.' : path, atMs });
  };
  const placesLeftOut = new Set([...excludes.places].map((place) => dirname(place).replace(/^\.$/, '')));
  const hasNames = exclude.some((entry) => !entry.includes('/'));
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    try {
      const { files, folders, links } = listFolder(root, folder, excludes, checkLink);
      waiting.push(...folders);
      for (const file of files) note(file);
      for (const { path } of links) note(path);
      if (!hasNames && !placesLeftOut.has(folder)) note(folder);
    } catch {
      // What cannot be read has been told by the check of the folder.
    }
  }
  const sorted = found.toSorted((a, b) => b.atMs - a.atMs);
  const told = sorted.slice(0, MAX_CHANGES).map(({ path, atMs }) => {
    const seconds = Number.isFinite(atMs)
      ? ` ${((atMs - startedAt.getTime()) / 1_000).toFixed(1)} s after`
      : '';
    return `${path} was written, moved or given other rights${seconds}`;
  });
  const more = sorted.length - told.length;
  return more > 0 ? [...told, `… and ${more} more`] : told;
}
