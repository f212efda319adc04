/** Shared by all contenders: load the host application, import the package under test, use it once, send what it cost. */

/** What a package adds to the application that embeds it. */
export interface Footprint {
  readonly importMs: number;
  readonly heapBytes: number;
}

export interface PackageUnderTest<Host, Module> {
  /** What the application has anyway: its framework. */
  readonly host: () => Promise<Host>;
  readonly load: () => Promise<Module>;
  /** The least that makes it answer. The result is kept from the garbage collector. */
  readonly use: (module: Module, host: Host) => unknown;
}

/** Measures, sends the footprint to the benchmark, and ends the process. */
export async function sendFootprint<Host, Module>({
  host,
  load,
  use,
}: PackageUnderTest<Host, Module>): Promise<void> {
  const application = await host();
  const heapBefore = heapUsed();
  const startedMs = performance.now();
  const module = await load();
  const importMs = performance.now() - startedMs;
  const used = await use(module, application);
  const footprint: Footprint = { importMs, heapBytes: heapUsed() - heapBefore };
  process.send?.(footprint, () => process.exit(used === null ? 1 : 0));
}

function heapUsed(): number {
  // Twice: what the first finds unreachable may have kept something else.
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
