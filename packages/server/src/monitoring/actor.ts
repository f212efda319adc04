/** Who does something by hand, for the audit. */
export interface AuditedActor {
  /** Of the user. */
  readonly name: string;
  readonly address: string;
  /** Last six characters of the session's token. */
  readonly tokenSuffix: string;
}
