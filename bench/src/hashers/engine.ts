/**
 * The inside of the library, which is not among its public names: what is measured here is the engine and not the
 * start of a thread around it.
 */

interface Engine {
  hashTree(scope: Scope): { readonly survey: { readonly hash: string } | undefined };
  createInventory(scope: Scope): {
    survey(): { readonly hash: string };
    reread(budgetMs: number): boolean;
    folders(): readonly string[];
  };
}

interface Scope {
  readonly root: string;
  readonly exclude: readonly string[];
}

const library = import.meta.resolve('portal-integrity');

/** Every name of these files of the library. */
export const engine: Engine = {
  ...(await import(new URL('./scan/hash-tree.js', library).href)),
  ...(await import(new URL('./scan/file-index.js', library).href)),
};
