/** What every benchmark is: a claim, and how it is measured. */

/** A claim of the documentation, measured: its name and a section in Markdown. */
export interface Claim {
  readonly name: string;
  measure(): Promise<string>;
}
