import { InvalidArgumentError } from 'commander';
import { isPermission, PERMISSION_NAMES, type Permission } from '../auth/permission.js';

/** Reads a permission level given by name, in any case, or by number. */
export function permissionArgument(text: string): Permission {
  const level = /^\d$/.test(text)
    ? Number(text)
    : PERMISSION_NAMES.findIndex((name) => name.toLowerCase() === text.toLowerCase());
  if (!isPermission(level)) {
    throw new InvalidArgumentError(`It must be one of ${PERMISSION_NAMES.join(', ')}, or 0 to 3.`);
  }
  return level;
}
