/**
 * The life of releases, by the command line: keys that change, signatures that are made elsewhere by a real `openssl`, time
 * that passes, and releases that go back. Each is told by its own sentence.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { environmentWithPackages } from 'portal-test-kit';
import { signStatement } from '../../src/release/statement.js';
import { ourHash, shellHash, withFolder, write } from '../trees.js';
import { run } from './program.js';

let environment: NodeJS.ProcessEnv;

before(async () => {
  environment = await environmentWithPackages('openssl');
});

function openssl(folder: string, ...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, env: environment, stdio: 'pipe' });
}

/** A pair of keys that we have not made, and a tree with its manifest. */
async function prepare(folder: string, ...keys: readonly string[]): Promise<void> {
  write(join(folder, 'app'), { 'main.js': 'run();\n', 'lib/a.js': 'a\n' });
  for (const key of keys) {
    openssl(folder, 'genpkey', '-algorithm', 'ed25519', '-out', `${key}.key`);
    openssl(folder, 'pkey', '-in', `${key}.key`, '-pubout', '-out', `${key}.pub`);
  }
  assert.equal((await run(['manifest', 'app', '--out', 'source.sha256'], { cwd: folder })).exit, 0);
}

/** Signs by `openssl` alone: we see the bytes and the signature, and no key. */
function signElsewhere(folder: string, key: string, file: string): string {
  openssl(folder, 'pkeyutl', '-sign', '-inkey', `${key}.key`, '-rawin', '-in', file, '-out', `${key}.sig`);
  return `${key}.sig`;
}

/** @returns exit code, and all that was printed */
async function call(folder: string, ...args: readonly string[]): Promise<[number | null, string]> {
  const { exit, stdout, stderr } = await run(args, { cwd: folder });
  return [exit, `${stdout}${stderr}`];
}

const release = (sequence: number): string[] => [
  '--release',
  `1.${sequence}.0`,
  '--sequence',
  String(sequence),
];
const verify = (...keys: readonly string[]): string[] => [
  'verify',
  'app',
  '--statement',
  'source.intoto.jsonl',
  ...keys.flatMap((key) => ['--key', `${key}.pub`]),
];

test('a statement whose key is elsewhere: what is to be signed goes out, the signature comes in', () =>
  withFolder(async (folder) => {
    await prepare(folder, 'kms', 'other');
    const [exit, text] = await call(folder, 'sign', 'app', ...release(3), '--pae-out', 'to-sign');
    assert.equal(exit, 0, text);
    assert.match(text, /^to-sign {2}is what to sign by Ed25519; then: /m);
    assert.deepEqual(await call(folder, ...verify('kms')), [
      16,
      'The statement carries no signature (E_UNSIGNED).\n',
    ]);

    const signature = signElsewhere(folder, 'kms', 'to-sign');
    // A signature of something else, or by another key, is not taken.
    signElsewhere(folder, 'other', 'source.sha256');
    for (const wrong of [
      ['--signature', 'other.sig', '--key', 'other.pub'],
      ['--signature', signature, '--key', 'other.pub'],
    ]) {
      const [refused, why] = await call(folder, 'sign', ...wrong);
      assert.deepEqual(
        [refused, why],
        [16, 'The statement was changed after it was signed: the signature does not fit (E_SIGNATURE).\n'],
      );
    }
    assert.equal((await call(folder, 'sign', '--signature', signature, '--key', 'kms.pub'))[0], 0);
    assert.match(
      (await call(folder, ...verify('kms')))[1],
      /^verified {2}app {2}release 1\.3\.0, sequence 3, 2 files/,
    );

    // Services answer in Base64; the same signature twice is one.
    writeFileSync(join(folder, 'kms.b64'), `${readFileSync(join(folder, signature)).toString('base64')}\n`);
    assert.equal((await call(folder, 'sign', '--signature', 'kms.b64', '--key', 'kms.pub'))[0], 0);
    const envelope: { signatures: unknown[] } = JSON.parse(
      readFileSync(join(folder, 'source.intoto.jsonl'), 'utf8'),
    );
    assert.equal(envelope.signatures.length, 1);
  }));

test('keys change by a statement that both have signed, and t of n are asked for', () =>
  withFolder(async (folder) => {
    await prepare(folder, 'old', 'new', 'third');
    assert.equal((await call(folder, 'sign', 'app', ...release(1), '--key', 'old.key'))[0], 0);
    assert.deepEqual(await call(folder, ...verify('new')), [
      16,
      'The statement carries no signature by one of the given keys (E_UNKNOWN_KEY).\n',
    ]);
    // The new one by openssl, over bytes that the command line gave; the third by its key at hand.
    assert.equal((await call(folder, 'sign', '--pae-out', 'to-sign'))[0], 0);
    const signature = signElsewhere(folder, 'new', 'to-sign');
    assert.equal((await call(folder, 'sign', '--signature', signature, '--key', 'new.pub'))[0], 0);
    for (const keys of [['old'], ['new'], ['old', 'new']])
      assert.equal((await call(folder, ...verify(...keys)))[0], 0);
    assert.equal((await call(folder, ...verify('old', 'new', 'third'), '--signatures', '2'))[0], 0);
    assert.deepEqual(await call(folder, ...verify('old', 'new', 'third'), '--signatures', '3'), [
      16,
      'The statement is signed by fewer of the given keys than are asked for (E_THRESHOLD).\n',
    ]);
    assert.equal((await call(folder, 'sign', '--key', 'third.key'))[0], 0);
    assert.equal((await call(folder, ...verify('old', 'new', 'third'), '--signatures', '3'))[0], 0);
  }));

test('a statement that openssl signed under a name of its own, and one that has expired', () =>
  withFolder(async (folder) => {
    await prepare(folder, 'ops');
    const tree = { sourceHash: ourHash(join(folder, 'app')), files: 2, bytes: 9, exclude: [], links: [] };
    const envelopeOf = (expires: string, created = '2020-01-01T00:00:00Z'): string => {
      const text = signStatement(
        {
          ...tree,
          version: '1.0.0',
          sequence: 1,
          created,
          expires,
          node: '20.20.2',
          commit: null,
          lockfile: null,
          dependencies: null,
          nodeBinary: null,
        },
        undefined,
      );
      // As a program of somebody else would put it together, by DSSE's words alone.
      const envelope: { payload: string; signatures: unknown[] } = JSON.parse(text);
      const payload = Buffer.from(envelope.payload, 'base64');
      const head = `DSSEv1 28 application/vnd.in-toto+json ${payload.length} `;
      writeFileSync(join(folder, 'pae'), Buffer.concat([Buffer.from(head), payload]));
      const sig = readFileSync(join(folder, signElsewhere(folder, 'ops', 'pae'))).toString('base64');
      return JSON.stringify({
        ...envelope,
        signatures: [{ keyid: 'arn:aws:kms:eu:key/1', sig }, ...envelope.signatures],
      });
    };
    writeFileSync(join(folder, 'source.intoto.jsonl'), envelopeOf('2099-01-01T00:00:00Z'));
    assert.deepEqual(await call(folder, ...verify('ops')), [
      0,
      'verified  app  release 1.0.0, sequence 1, 2 files\n',
    ]);
    const soon = new Date(Date.now() + 86_400_000).toISOString();
    writeFileSync(join(folder, 'source.intoto.jsonl'), envelopeOf(soon));
    assert.match(
      (await call(folder, ...verify('ops')))[1],
      new RegExp(`^The statement expires on ${soon}\\.$`, 'm'),
    );
    // As where somebody set back the clock.
    writeFileSync(
      join(folder, 'source.intoto.jsonl'),
      envelopeOf('2099-01-01T00:00:00Z', '2098-01-01T00:00:00Z'),
    );
    assert.match(
      (await call(folder, ...verify('ops')))[1],
      /^The statement says it was made on 2098\S+, which is yet to come\.$/m,
    );
    writeFileSync(join(folder, 'source.intoto.jsonl'), envelopeOf('2021-01-01T00:00:00Z'));
    assert.deepEqual(await call(folder, ...verify('ops')), [16, 'The statement has expired (E_EXPIRED).\n']);
  }));

test('a release that goes back is refused, on purpose accepted, and a lost memory is told', () =>
  withFolder(async (folder) => {
    await prepare(folder, 'release');
    for (const sequence of [5, 6]) {
      assert.equal(
        (
          await call(
            folder,
            'sign',
            'app',
            ...release(sequence),
            '--key',
            'release.key',
            '--out',
            `${sequence}.jsonl`,
          )
        )[0],
        0,
      );
    }
    const check = (sequence: number, ...more: readonly string[]): Promise<[number | null, string]> =>
      call(
        folder,
        'verify',
        'app',
        '--statement',
        `${sequence}.jsonl`,
        '--key',
        'release.pub',
        '--remember',
        'seen',
        ...more,
      );
    const fresh = /^seen remembers no sequence yet: an older release would not be noticed this time\.$/m;

    const [first, told] = await check(6);
    assert.equal(first, 0);
    assert.match(told, fresh);
    assert.doesNotMatch((await check(6))[1], fresh);
    const back =
      'The statement is older than one that was accepted before: its sequence is lower (E_SEQUENCE). ' +
      'Sequence 6 was accepted here; to roll back on purpose, accept 5 by name.\n';
    assert.deepEqual(await check(5), [16, back]);
    assert.deepEqual(await check(5, '--accept-sequence', '4'), [16, back], 'another one than was named');
    assert.deepEqual((await check(5, '--accept-sequence', '5', '--min-sequence', '6'))[0], 16);
    assert.equal((await check(5, '--accept-sequence', '5'))[0], 0);
    assert.equal((await check(5))[0], 0, 'from then on it is the release');
    assert.equal((await check(6))[0], 0);

    rmSync(join(folder, 'seen'));
    const [again, lost] = await check(5);
    assert.equal(again, 0);
    assert.match(lost, fresh);
    const [unkept, why] = await call(
      folder,
      ...verify('release').toSpliced(3, 1, '5.jsonl'),
      '--remember',
      'absent/seen',
    );
    assert.deepEqual([unkept, why], [32, 'absent/seen cannot be written (ENOENT).\n']);
    writeFileSync(join(folder, 'seen'), 'rubbish\n');
    assert.deepEqual(await check(6), [32, 'seen does not tell a sequence (it holds no number).\n']);
  }));

describe('what was signed is compared', () => {
  test('the lock file, the figures of the tree, and the commit is told', () =>
    withFolder(async (folder) => {
      await prepare(folder, 'release');
      writeFileSync(join(folder, 'package-lock.json'), '{}\n');
      const commit = 'c0ffee'.padEnd(40, '0');
      const sign = ['sign', 'app', ...release(1), '--key', 'release.key'];
      assert.equal(
        (await call(folder, ...sign, '--lockfile', 'package-lock.json', '--commit', commit))[0],
        0,
      );
      const [exit, text] = await call(folder, ...verify('release'), '--lockfile', 'package-lock.json');
      assert.equal(exit, 0);
      assert.match(text, new RegExp(`commit ${commit}`));
      writeFileSync(join(folder, 'package-lock.json'), '{"evil":1}\n');
      const [changed, why] = await call(folder, ...verify('release'), '--lockfile', 'package-lock.json');
      assert.deepEqual(
        [changed, /package-lock\.json is not the lock file that was signed\./.test(why)],
        [4, true],
      );
      assert.equal((await call(folder, ...sign, '--commit', 'HEAD'))[0], 128);

      const lying = signStatement(
        {
          sourceHash: ourHash(join(folder, 'app')),
          version: '1',
          sequence: 1,
          created: '2020-01-01T00:00:00Z',
          expires: '2099-01-01T00:00:00Z',
          exclude: [],
          links: [],
          files: 3,
          bytes: 9,
          node: '20.20.2',
          commit: null,
          lockfile: null,
          dependencies: null,
          nodeBinary: null,
        },
        createPrivateKey(readFileSync(join(folder, 'release.key'))),
      );
      writeFileSync(join(folder, 'source.intoto.jsonl'), lying);
      const [contradicts, said] = await call(folder, ...verify('release'));
      assert.equal(contradicts, 16);
      assert.match(said, /says that the tree has other files or bytes than it has \(E_FIGURES\)/);
    }));

  test('the links of a tree, by name; a manifest alone vouches for none', () =>
    withFolder(async (folder) => {
      await prepare(folder, 'release');
      symlinkSync('main.js', join(folder, 'app/lib/start.js'));
      mkdirSync(join(folder, 'server'));
      const sign = ['sign', 'app', ...release(1), '--key', 'release.key'];
      assert.match((await call(folder, ...sign))[1], /^E_SYMLINK lib\/start\.js /);
      assert.equal((await call(folder, 'manifest', 'app', '--links', '--out', 'source.sha256'))[0], 0);
      assert.equal(
        createHash('sha256')
          .update(readFileSync(join(folder, 'source.sha256')))
          .digest('hex'),
        shellHash(join(folder, 'app')),
      );
      assert.match((await call(folder, ...sign, '--links'))[1], /2 files, 1 link, /);
      assert.match((await call(folder, ...verify('release')))[1], /^verified .* 2 files, 1 link$/m);
      assert.equal((await call(folder, 'verify', 'app', '--manifest', 'source.sha256'))[0], 64 | 16);
      cpSync(join(folder, 'app'), join(folder, 'copy'), { recursive: true, verbatimSymlinks: true });
      rmSync(join(folder, 'app/lib/start.js'));
      symlinkSync('a.js', join(folder, 'app/lib/start.js'));
      const [exit, text] = await call(folder, ...verify('release'), '--manifest', 'source.sha256');
      assert.equal(exit, 64);
      assert.match(
        text,
        /E_LINK lib\/start\.js is not the link that was signed \(to a\.js, signed as to main\.js\)/,
      );
    }));
});
