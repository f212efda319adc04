/** What every benchmark is: a claim of the documentation, and how it is measured. */
export interface Claim {
  /** What `npm run bench -- NAME` chooses it by. */
  readonly name: string;
  /** The heading of its section in RESULTS.md. */
  readonly title: string;
  /** Gives what the section says below its heading, in Markdown. */
  measure(): Promise<string>;
}
