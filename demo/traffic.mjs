// People who use the example services: two requests a second for each replica, whatever becomes of them.
const EVERY_MS = 500;
const TIMEOUT_MS = 8_000;
/** Of one replica, so that one that hangs does not collect them. */
const MOST_WAITING = 10;

export function startTraffic(replicas) {
  const stopping = new AbortController();
  const waiting = new Map(replicas.map(({ port }) => [port, 0]));
  const running = new Set();

  async function ask(port) {
    waiting.set(port, waiting.get(port) + 1);
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    await fetch(`http://127.0.0.1:${port}/`, { signal })
      .then((response) => response.arrayBuffer())
      .catch(() => undefined);
    waiting.set(port, waiting.get(port) - 1);
  }

  const timer = setInterval(() => {
    for (const { port } of replicas) {
      if (waiting.get(port) >= MOST_WAITING) continue;
      const one = ask(port).finally(() => running.delete(one));
      running.add(one);
    }
  }, EVERY_MS);

  return {
    async close() {
      clearInterval(timer);
      stopping.abort();
      await Promise.all(running);
    },
  };
}
