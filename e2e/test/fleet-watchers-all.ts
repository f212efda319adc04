/**
 * Every loss among three watchers and two Alertmanagers, with all stores up and away, three at a time. Prints a line for each.
 *
 *   node fleet-watchers-all.js [NAME]   those whose name contains NAME
 */
import { LOSSES, runLoss, type Loss, type Stores } from './fleet-watchers-losses.js';

const AT_ONCE = 3;
const [only = ''] = process.argv.slice(2);

const left = (Object.keys(LOSSES) as Loss[])
  .flatMap((loss) => (['up', 'away'] as const).map((stores): readonly [Loss, Stores] => [loss, stores]))
  .filter((scene) => nameOf(...scene).includes(only));
if (left.length === 0) throw new Error(`No scene has "${only}" in its name.`);
let wrong = 0;

function nameOf(loss: Loss, stores: Stores): string {
  return `${loss}, stores ${stores}`;
}

async function runNext(): Promise<void> {
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const [loss, stores] = next;
    const result = await runLoss(loss, stores);
    wrong += result.wrong.length;
    const verdict = result.wrong.length === 0 ? LOSSES[loss] : result.wrong.join('\n');
    process.stdout.write(
      `${nameOf(loss, stores)}: ${result.moments.length} moments, ${result.seconds} s: ${verdict}\n`,
    );
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, runNext));
process.exitCode = wrong === 0 ? 0 : 1;
