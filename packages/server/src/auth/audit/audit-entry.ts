/**
 * What the audit is made of, for every room that writes to it. Changes of users and sessions are written by the
 * statements that make them, so that there is no change without its entry, whichever process makes it.
 */

export const AUDIT_ACTIONS = [
  'signed_in',
  'refused',
  'first_read',
  'user_added',
  'permission_changed',
  'user_disabled',
  'user_enabled',
  'user_removed',
  'session_created',
  'session_revoked',
  'token_created',
  'token_revoked',
  'token_used',
  'settings_changed',
  'pause_begun',
  'pause_ended',
  'note_added',
  'alert_tested',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Details of an entry; never a secret, never a value of a setting. */
export type AuditDetails = Readonly<Record<string, string | number | readonly string[]>>;

export interface AuditEntry {
  readonly action: AuditAction;
  /** Name of the user who did it; `null`: an operator at the machine, or an unknown client. */
  readonly actor: string | null;
  /** Name of the user whom it was done to. */
  readonly subject: string | null;
  readonly address: string | null;
  readonly tokenSuffix: string | null;
  readonly details: AuditDetails;
}

/** By whose hand sessions end: at the command line, by the start of the service, or by their own user from an address. */
export type Author = { readonly by: 'command' | 'start' } | { readonly by: 'user'; readonly address: string };

/** Whoever sits at the machine. */
export const AT_THE_MACHINE: Author = { by: 'command' };
