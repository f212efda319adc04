/**
 * One-time codes, of 56 characters that leave out those that are taken for one another (0 O o, 1 I l). SECURITY.md says
 * what they are worth against guessing.
 *
 * A code from a request is read and typed, and works for one address only: twelve characters, 56¹² or about 9.5 · 10²⁰
 * codes. They are so many that every try can be checked, however often a client tries, so a right code is never lost among
 * the wrong ones of others. A code that works for any address is copied: sixteen characters, 92.9 bits.
 */
import { createHash, randomInt } from 'node:crypto';

const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz';
const SHORT = 12;
const LONG = 16;
const SHAPE = new RegExp(`^(?:[${ALPHABET}]{${SHORT}}|[${ALPHABET}]{${LONG}})$`);

/** An unpredictable code, for the address that asked for it. */
export function newCode(): string {
  return randomCode(SHORT);
}

/** An unpredictable code that cannot be guessed from any number of addresses either. */
export function newLongCode(): string {
  return randomCode(LONG);
}

function randomCode(length: number): string {
  return Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

/** Whether a text could be a code at all. */
export function isCode(text: string): boolean {
  return SHAPE.test(text);
}

/** What is stored and looked up in place of the code. */
export function loginCodeHash(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}

/** What is stored of a name that was asked for: the same for every way of writing it, and for a name of no user. */
export function nameDigest(name: string): Buffer {
  return createHash('sha256').update(name.toLowerCase()).digest();
}
