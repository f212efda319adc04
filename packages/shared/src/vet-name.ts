/**
 * Names that somebody else chose, as they may be shown.
 */

/** Any client can call itself what it likes, and sentences go to chats that know markup. */
const SHOWABLE = /^[A-Za-z0-9 ._:/-]{1,40}$/;
/**
 * A token or a password that got into a name by mistake: what tokens begin with so that they are found, a word for a secret
 * before its value, the user and password of a URL, and a row of letters and digits that is longer than any in a name.
 */
const SECRETS: readonly RegExp[] = [
  /\b(?:sk[-_]|[pr]k_|gh[oprsu]_|github_pat_|glpat-|xox[a-z]-|npm_|AKIA|AIza|eyJ)/,
  /(?:passw(?:or)?d|passphrase|pwd|secret|token|api[-_]?key):\S|\bbearer \S/i,
  /:\/\/[^/]*:/,
  /(?=[A-Za-z]*(?:\d[A-Za-z]*){3})[A-Za-z0-9]{20}/,
];
export const NOT_SHOWABLE = 'a name that cannot be shown';

/** A name as it may be shown. */
export function vetName(name: unknown): string {
  const isShowable =
    typeof name === 'string' && SHOWABLE.test(name) && !SECRETS.some((secret) => secret.test(name));
  return isShowable ? name : NOT_SHOWABLE;
}
