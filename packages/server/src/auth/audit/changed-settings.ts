/**
 * Which settings are others than at the last start. Of a setting the record keeps a salted digest only, a slow one where
 * the text can be a password that a person made up.
 */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Database } from '../../infra/postgres.js';

export interface SettingNow {
  readonly variable: string;
  readonly text: string;
  readonly secret: boolean;
}

const SALT_BYTES = 16;
const DIGEST_BYTES = 32;
const stretch = promisify<string, Buffer, number, Buffer>(scrypt);

async function digestOf({ text, secret }: SettingNow, salt: Buffer): Promise<Buffer> {
  if (secret) return stretch(text, salt, DIGEST_BYTES);
  return createHash('sha256').update(salt).update(text).digest();
}

/** Names of those that are others than they were; and notes down how they are now. One that is new here is no change. */
export async function changedSettings(
  database: Database,
  settings: readonly SettingNow[],
): Promise<readonly string[]> {
  const rows = await database.rows<SeenRow>('SELECT variable, salt, digest FROM settings_seen');
  const seen = new Map(rows.map((row) => [row.variable, row]));
  const changed: string[] = [];
  for (const setting of settings) {
    const before = seen.get(setting.variable);
    if (before && timingSafeEqual(before.digest, await digestOf(setting, before.salt))) continue;
    if (before) changed.push(setting.variable);
    const salt = randomBytes(SALT_BYTES);
    await database.rows(
      `INSERT INTO settings_seen (variable, salt, digest) VALUES ($1, $2, $3)
       ON CONFLICT (variable) DO UPDATE SET salt = excluded.salt, digest = excluded.digest`,
      [setting.variable, salt, await digestOf(setting, salt)],
    );
  }
  return changed;
}

interface SeenRow {
  readonly variable: string;
  readonly salt: Buffer;
  readonly digest: Buffer;
}
