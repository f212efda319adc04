/**
 * The one-time code: eight characters out of 56, which leaves out those that are taken for one another (0 O o, 1 I l).
 * That makes 56⁸, about 9.7 · 10¹³ of them; SECURITY.md says what that is worth against guessing.
 */
import { createHash, randomInt } from 'node:crypto';

const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz';
const LENGTH = 8;
const SHAPE = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`);

/** A code that nobody can foresee. */
export function newCode(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

/** Whether a text could be a code at all. */
export function isCode(text: string): boolean {
  return SHAPE.test(text);
}

/** What is stored and looked up in place of the code. */
export function hashOf(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}
