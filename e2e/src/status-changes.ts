/** The status changes in a log, and whether the log explains each. */

export interface LoggedChange {
  readonly from: string | null;
  readonly to: string;
  readonly errors: readonly string[];
}

export function statusChanges(log: string): LoggedChange[] {
  return log.split('\n').flatMap((line) => {
    try {
      const fields = JSON.parse(line) as Partial<LoggedChange>;
      return typeof fields.to === 'string' && Array.isArray(fields.errors)
        ? [{ from: fields.from ?? null, to: fields.to, errors: fields.errors as string[] }]
        : [];
    } catch {
      return [];
    }
  });
}

/** What the log does not explain, as sentences. */
export function unexplained(log: string): string[] {
  const wrong: string[] = [];
  let before: string | null = null;
  for (const { from, to, errors } of statusChanges(log)) {
    if (from !== before) wrong.push(`a change from ${from} follows one to ${before}`);
    if (to !== 'healthy' && errors.length === 0) wrong.push(`a change to ${to} has no cause`);
    if (to === 'healthy' && errors.length > 0)
      wrong.push(`a change to healthy has causes: ${errors.join(', ')}`);
    before = to;
  }
  return wrong;
}
