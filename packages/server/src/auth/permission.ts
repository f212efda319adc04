/**
 * The permission levels, for every room that compares them.
 */

/** 0 User, 1 Moderator, 2 Admin, 3 Owner. */
export type Permission = 0 | 1 | 2 | 3;

/** Names of the levels; the index is the level. */
export const PERMISSION_NAMES = ['User', 'Moderator', 'Admin', 'Owner'] as const;

/** The level from which the administrator's pages open. */
export const ADMIN: Permission = 2;
export const OWNER: Permission = 3;

/** True for one of the four levels. */
export function isPermission(value: unknown): value is Permission {
  return value === 0 || value === 1 || value === 2 || value === 3;
}
