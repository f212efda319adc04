/** A value that components subscribe to, so that they are rendered again when it changes. */
import { useEffect, useState } from 'preact/hooks';

export interface Store<Value> {
  get(): Value;
  /** Changes some of it. */
  change(part: Partial<Value>): void;
  /** Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void;
}

/** The moment under the pointer, in milliseconds: marked in every chart and list. */
export interface Pointed {
  readonly atMs: number | null;
}

export function createStore<Value extends object>(initial: Value): Store<Value> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    change(part) {
      value = { ...value, ...part };
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<Value extends object>(store: Store<Value>): Value {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    setValue(store.get());
    return store.subscribe(() => setValue(store.get()));
  }, [store]);
  return value;
}

/** The time of this machine in milliseconds, updated every second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
