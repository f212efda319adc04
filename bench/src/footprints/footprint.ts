/** What every contender shares: imported once into a process that has what it is a guest of, then used, then told. */

/** What a guest adds to its application. */
export interface Footprint {
  readonly importMs: number;
  readonly heapBytes: number;
}

/** A guest. */
export interface PackageUnderTest<Host, Module> {
  /** What the application has already: its framework. */
  readonly host: () => Promise<Host>;
  readonly load: () => Promise<Module>;
  /** The least that makes it answer; what it gives is kept from the garbage collector. */
  readonly use: (module: Module, host: Host) => unknown;
}

/** Measures and tells the benchmark. */
export async function printFootprint<Host, Module>({
  host,
  load,
  use,
}: PackageUnderTest<Host, Module>): Promise<void> {
  const hosting = await host();
  const before = heap();
  const beganMs = performance.now();
  const module = await load();
  const importMs = performance.now() - beganMs;
  const used = await use(module, hosting);
  const footprint: Footprint = { importMs, heapBytes: heap() - before };
  process.send?.(footprint, () => process.exit(used === null ? 1 : 0));
}

function heap(): number {
  // Twice: what the first finds unreachable may have kept something else.
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
