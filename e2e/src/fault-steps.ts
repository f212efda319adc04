/** Faults of several steps. */

/** Begins one after the other; returns what ends them in the opposite order, also those before one that fails. */
export async function faultSteps(
  steps: readonly (() => Promise<() => unknown>)[],
): Promise<() => Promise<void>> {
  const ends: (() => unknown)[] = [];
  const endAll = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    for (const step of steps) ends.push(await step());
  } catch (error) {
    await endAll();
    throw error;
  }
  return endAll;
}
