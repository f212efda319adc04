/** What can be asked, one by one, in the order in which it is described. */
import type { OpenApi, Operation } from './vocabulary.js';

/** One of them. */
export interface Door {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly operation: Operation;
}

/** All of them. */
export function doorsIn(paths: OpenApi['paths']): readonly Door[] {
  return Object.entries(paths).flatMap(([path, { get, post }]) => {
    const doors: Door[] = [];
    if (get) doors.push({ method: 'GET', path, operation: get });
    if (post) doors.push({ method: 'POST', path, operation: post });
    return doors;
  });
}
