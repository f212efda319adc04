/**
 * What a watched source makes of a release: who signed it, which links it has, and that it does not go back unseen.
 */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { chmodSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { addSignature } from '../src/release/envelope.js';
import { generateKeys } from '../src/release/keys.js';
import { signStatement, type Statement } from '../src/release/statement.js';
import { watchSource, type Source } from '../src/source.js';
import type { StatementOptions } from '../src/source-options.js';
import { ourHash, withFolder, write } from './trees.js';

const SOON = { timeoutMs: 30_000 };
const pairs = [generateKeys(), generateKeys()] as const;
const keys = pairs.map(({ publicPem }) => publicPem);
const [firstKey, secondKey] = pairs.map(({ privatePem }) => createPrivateKey(privatePem));

interface Release {
  readonly root: string;
  readonly lastRunFile: string;
  readonly sign: (changes?: Partial<Statement>, isSignedTwice?: boolean) => void;
  /** Starts, asks, and ends. */
  readonly look: (
    options?: Partial<StatementOptions>,
    work?: (source: Source) => Promise<void>,
  ) => Promise<ReturnType<Source['state']>>;
}

function withRelease(work: (release: Release) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const root = join(folder, 'app');
    const file = join(folder, 'source.intoto.jsonl');
    const lastRunFile = join(folder, 'source.sha256');
    write(root, { 'main.js': 'x', 'lib/a.js': 'yy' });
    const hash = ourHash(root);
    await work({
      root,
      lastRunFile,
      sign(changes = {}, isSignedTwice = false) {
        const statement: Statement = {
          sourceHash: hash,
          version: '1.0.0',
          sequence: 1,
          created: '2020-01-01T00:00:00Z',
          expires: '2099-01-01T00:00:00Z',
          exclude: [],
          links: [],
          files: 2,
          bytes: 3,
          node: process.versions.node,
          commit: null,
          lockfile: null,
          dependencies: null,
          nodeBinary: null,
          ...changes,
        };
        const text = signStatement(statement, firstKey);
        writeFileSync(
          file,
          isSignedTwice && secondKey ? addSignature(text, { privateKey: secondKey }) : text,
        );
      },
      async look(options = {}, ask = () => Promise.resolve()) {
        const source = watchSource({
          root,
          lastRunFile,
          scanIntervalMs: 100,
          statement: { file, keys, ...options },
        });
        try {
          await source.start();
          await ask(source);
          return source.state();
        } finally {
          await source.close();
        }
      },
    });
  });
}

test('as many keys as are asked for must have signed', () =>
  withRelease(async ({ sign, look }) => {
    sign();
    assert.equal((await look()).state, 'verified');
    assert.equal(
      (await look({ signatures: 2 })).statement_refused,
      'The statement is signed by fewer of the given keys than are asked for (E_THRESHOLD).',
    );
    sign({}, true);
    const both = await look({ signatures: 2 });
    assert.deepEqual([both.state, both.expected?.key_ids.length], ['verified', 2]);
    await assert.rejects(
      () => look({ signatures: 3 }),
      /the `statement\.signatures` option to be at most the number of keys, got 3/,
    );
  }));

test('a release that goes back is a mismatch, unless it is meant; a memory that was deleted is told', () =>
  withRelease(async ({ sign, look, lastRunFile }) => {
    const lost = /^No sequence of a release was remembered at this start \(ENOENT\)/m;
    sign({ sequence: 6 });
    assert.match((await look()).warnings.join('\n'), lost);
    assert.doesNotMatch((await look()).warnings.join('\n'), lost);

    sign({ sequence: 5 });
    const back = await look();
    assert.equal(back.state, 'mismatched');
    assert.match(
      back.statement_refused ?? '',
      /^The statement is older than .* Sequence 6 was accepted here; .* accept 5 by name\.$/,
    );
    assert.equal((await look({ acceptSequence: 4 })).state, 'mismatched');
    assert.equal((await look({ acceptSequence: 5 })).state, 'verified');
    assert.equal((await look()).state, 'verified');

    // What was never found to be the tree is not remembered, however well it is signed.
    sign({ sequence: 9, sourceHash: 'ab'.repeat(32) });
    assert.equal((await look()).state, 'mismatched');
    sign({ sequence: 7 });
    assert.equal((await look()).state, 'verified');

    rmSync(`${lastRunFile}.sequence`);
    sign({ sequence: 2 });
    const fresh = await look();
    assert.equal(fresh.state, 'verified');
    assert.match(fresh.warnings.join('\n'), lost);
  }));

test('figures that are not those of the tree, and a Node that is another one', () =>
  withRelease(async ({ sign, look }) => {
    for (const changes of [{ files: 3 }, { bytes: 4 }]) {
      sign(changes);
      const { state, statement_refused } = await look();
      assert.equal(state, 'mismatched');
      assert.match(statement_refused ?? '', /\(E_FIGURES\)\.$/);
    }
    sign({ node: '18.0.0', commit: 'c0'.repeat(20) });
    const { state, warnings, expected } = await look();
    assert.equal(state, 'verified');
    assert.ok(
      warnings.includes(`The release was made for Node.js 18.0.0, and this is ${process.versions.node}.`),
    );
    assert.equal(expected?.commit, 'c0'.repeat(20));
  }));

test('signed links are as they were signed; one that is led elsewhere is drift, also when it is put back', () =>
  withRelease(async ({ root, sign, look }) => {
    symlinkSync('a.js', join(root, 'lib/b.js'));
    sign();
    assert.equal((await look()).state, 'unreadable');
    sign({ links: [{ path: 'lib/b.js', target: 'a.js' }] });
    const lead = (target: string): void => {
      unlinkSync(join(root, 'lib/b.js'));
      symlinkSync(target, join(root, 'lib/b.js'));
    };
    const state = await look({}, async (source) => {
      assert.deepEqual([source.state().state, source.state().expected?.links], ['verified', 1]);
      lead('../main.js');
      await waitFor(
        'the refusal',
        () => source.state().refusals.some((line) => line.startsWith('E_LINK lib/b.js ')),
        SOON,
      );
      lead('a.js');
      await waitFor('the way back', () => source.state().refusals.length === 0, SOON);
    });
    assert.equal(state.state, 'drifted');
  }));

test('how much of the source the process itself may write', () =>
  withRelease(async ({ root, sign, look }) => {
    sign();
    chmodSync(join(root, 'main.js'), 0o400);
    const { writable } = await look({}, async (source) => {
      assert.equal(source.state().writable, null);
      await waitFor('the second scan', () => source.state().writable !== null, SOON);
    });
    // Two files and two folders; root may write what nobody may.
    assert.equal(writable, process.getuid?.() === 0 ? 4 : 3);
  }));
