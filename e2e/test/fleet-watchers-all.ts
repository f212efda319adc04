/** Every loss among three watchers and two Alertmanagers, with all stores up and away, three at a time. Prints a line for each. */
import { LOSSES, runLoss, type Loss, type Stores } from './fleet-watchers-losses.js';

const AT_ONCE = 3;

const left = (Object.keys(LOSSES) as Loss[]).flatMap((loss) =>
  (['up', 'away'] as const).map((stores): readonly [Loss, Stores] => [loss, stores]),
);
let wrong = 0;

async function runNext(): Promise<void> {
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const [loss, stores] = next;
    const result = await runLoss(loss, stores);
    wrong += result.wrong.length;
    const verdict = result.wrong.length === 0 ? LOSSES[loss] : result.wrong.join('\n');
    process.stdout.write(
      `${loss}, stores ${stores}: ${result.moments.length} moments, ${result.seconds} s: ${verdict}\n`,
    );
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, runNext));
process.exitCode = wrong === 0 ? 0 : 1;
