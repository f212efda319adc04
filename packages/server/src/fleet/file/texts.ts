/**
 * Readers of what more than one part of the fleet file holds.
 */
import { isIP } from 'node:net';
import { object, text, wholeNumber } from './readers.js';

export const port = wholeNumber(1, 65_535);
export const filePath = text('to be a path', (path) => path !== '' && !path.includes('\0'));
export const hostName = text('to be a host name', (host) => isHost(host) && isIP(host) === 0);
export const credentials = object({ credentials_file: filePath });

export function isHost(host: string): boolean {
  return /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*\.?$/i.test(host);
}
