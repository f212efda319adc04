/**
 * A folder as another process sees it, which may live in a container with a root of its own.
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { systemCode } from 'portal-shared/error-code';
import { InconclusiveError } from 'portal-shared/cli/command';

/** More links than any kernel follows. */
const LINKS_FOLLOWED = 40;

/**
 * The path under which we see the process's `folder`: absolute in its root, relative in its working folder. Links are
 * followed by hand, because the kernel would take an absolute one from our root and not from the process's.
 */
export function folderOfProcess(pid: number, folder: string): string {
  const root = `/proc/${pid}/root`;
  try {
    const top = readlinkSync(root).replace(/\/$/, '');
    const cwd = folder.startsWith('/') ? '' : readlinkSync(`/proc/${pid}/cwd`);
    const start =
      cwd === '' ? folder : `${cwd.startsWith(`${top}/`) ? cwd.slice(top.length) : cwd}/${folder}`;
    return root + resolveBelow(root, start);
  } catch (error) {
    throw new InconclusiveError(unreadableText(folder, pid, systemCode(error)));
  }
}

/** What an absolute path comes to if `root` is the root; absolute itself, in there. */
export function resolveBelow(root: string, path: string): string {
  const resolved: string[] = [];
  const waiting = path.split('/').toReversed();
  let links = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      resolved.pop();
      continue;
    }
    const seen = `${root}/${[...resolved, part].join('/')}`;
    if (!lstatSync(seen).isSymbolicLink()) {
      resolved.push(part);
      continue;
    }
    links += 1;
    if (links > LINKS_FOLLOWED) throw new InconclusiveError(`${path} leads through too many links.`);
    const target = readlinkSync(seen);
    if (target.startsWith('/')) resolved.length = 0;
    waiting.push(...target.split('/').toReversed());
  }
  return `/${resolved.join('/')}`;
}

/** One sentence, with what to do about it. */
export function unreadableText(what: string, pid: number, code: string): string {
  const remedy =
    code === 'EACCES' || code === 'EPERM'
      ? ': run this as the user of the process, or as root'
      : code === 'ENOENT' || code === 'ESRCH'
        ? ': there is no such process or folder'
        : '';
  return `${what} of process ${pid} cannot be read (${code})${remedy}.`;
}
