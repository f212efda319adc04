/** Scenes that one look can tell, each a test of `portal doctor`: what it says of the cause, and its exit code. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startProxy, type Fault, type FaultOptions } from 'portal-test-kit';
import { runDoctor } from './doctor-process.js';

export type Urls = Readonly<Record<string, string>>;

/** Of one store; what is broken is mended at its end. */
export interface DoctorScene {
  readonly what: string;
  /** Breaks it, and says what the doctor is given. */
  readonly begin: (mend: (step: () => unknown) => void) => Urls | Promise<Urls>;
  readonly exitCode: 0 | 1 | 2;
  readonly says: RegExp;
}

/** @param cwd - where no service runs */
export function testDoctorScenes(store: string, cwd: () => string, scenes: readonly DoctorScene[]): void {
  describe(`a ${store}`, () => {
    for (const { what, begin, exitCode, says } of scenes) {
      test(what, async () => {
        const mending: (() => unknown)[] = [];
        try {
          const urls = await begin((step) => mending.push(step));
          const found = await runDoctor(cwd(), urls);
          assert.match(found.text, says);
          assert.equal(found.exitCode, exitCode, found.text);
        } finally {
          for (const mend of mending.toReversed()) await mend();
        }
      });
    }
  });
}

/**
 * A network that breaks.
 *
 * @param at - the store by way of a port of this machine
 */
export function networkScene(
  what: string,
  fault: Fault,
  says: RegExp,
  { exitCode = 2, ...options }: FaultOptions & Partial<Pick<DoctorScene, 'exitCode'>>,
  { port, at }: { readonly port: () => number; readonly at: (port: string) => Urls },
): DoctorScene {
  return {
    what,
    async begin(mend) {
      const proxy = await startProxy({ port: port() });
      mend(() => proxy.close());
      await proxy.fault(fault, options);
      return at(String(proxy.port));
    },
    exitCode,
    says,
  };
}
