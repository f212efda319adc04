import { createHealth, type Health } from '../src/index.js';
import type { HealthOptions } from '../src/health-options.js';

/** Starts a health for `work`, and closes it also when that fails. */
export async function withHealth(
  options: HealthOptions,
  work: (health: Health) => Promise<void>,
): Promise<void> {
  const health = createHealth(options);
  try {
    await health.start();
    await work(health);
  } finally {
    await health.close();
  }
}
