/** Passwords that nobody has to remember. */
import { randomBytes } from 'node:crypto';

/** 256 random bits, in letters that need no escaping in a URL, a configuration file or SQL. */
export function makePassword(): string {
  return randomBytes(32).toString('base64url');
}
