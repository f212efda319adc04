/** Who may have put what into the data folder. What needs another user is in `e2e/test/data-folder.test.ts`. */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, test, afterEach } from 'node:test';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { DataFolderError, isDataFolder, openDataFolder } from '../src/data-folder.js';

const FILES = ['history.sqlite', 'history.sqlite-wal', 'fleet.sqlite', 'service.json', 'postgres.password'];

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(SCRATCH_FOLDER, 'portal-data-'));
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o7777;
}

async function errorOf(folder: string): Promise<string> {
  const error = await openDataFolder(folder).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof DataFolderError, String(error));
  assert.match(error.message, /^Expected `PORTAL_DATA_DIR` to be a folder of .*, got .*\.$/);
  return error.message;
}

test('it is made for us alone, with all that has to be made above it, whatever the umask', async () => {
  const before = process.umask(0);
  try {
    await openDataFolder(join(home, 'a/b/'));
  } finally {
    process.umask(before);
  }
  for (const made of ['a', 'a/b']) assert.equal(await modeOf(join(home, made)), 0o700, made);
});

test('that of a checkout is taken, in which there is nothing yet but what its tests and its demo keep', async () => {
  const folder = join(home, 'data');
  for (const name of ['test-kit', 'redis', 'demo']) await mkdir(join(folder, name), { recursive: true });
  await chmod(folder, 0o755);
  await openDataFolder(folder);
  assert.equal((await modeOf(folder)) & 0o777, 0o700);
});

describe('one that is ours and too open is closed, with what is in it', () => {
  for (const mode of [0o755, 0o750, 0o711, 0o777, 0o1777, 0o2770]) {
    test(mode.toString(8), async () => {
      const folder = join(home, 'data');
      await mkdir(folder);
      for (const name of FILES) {
        await writeFile(join(folder, name), '');
        await chmod(join(folder, name), 0o666);
      }
      await mkdir(join(folder, 'redis'));
      await chmod(join(folder, 'redis'), 0o777);
      await chmod(folder, mode);
      await openDataFolder(folder);
      assert.equal((await modeOf(folder)) & 0o777, 0o700);
      for (const name of FILES) {
        assert.equal(await modeOf(join(folder, name)), 0o600, name);
      }
      assert.equal(await modeOf(join(folder, 'redis')), 0o755);
    });
  }
});

test('a folder of other things is not closed to those who need it, but refused', async () => {
  await chmod(home, 0o755);
  await writeFile(join(home, 'passwd'), '');
  assert.match(await errorOf(home), /what is in it is not the service’s/);
  assert.equal(await modeOf(home), 0o755);
  await chmod(home, 0o700);
  await openDataFolder(home);
});

describe('where everybody may put something else in its place, it is refused', () => {
  for (const [name, below] of Object.entries({ above: 'data', 'further above': 'a/b/data' })) {
    test(name, async () => {
      await mkdir(join(home, below), { recursive: true, mode: 0o700 });
      await chmod(home, 0o777);
      assert.match(await errorOf(join(home, below)), /has no sticky bit/);
      assert.throws(() => isDataFolder(join(home, below)), DataFolderError);
      await chmod(home, 0o1777);
      await openDataFolder(join(home, below));
      assert.equal(isDataFolder(join(home, below)), true);
    });
  }

  test('by a link from elsewhere, too', async () => {
    await mkdir(join(home, 'open/data'), { recursive: true });
    await chmod(join(home, 'open'), 0o777);
    await symlink(join(home, 'open/data'), join(home, 'link'));
    assert.match(await errorOf(join(home, 'link')), /has no sticky bit/);
  });
});

test('a link of ours is followed, also to what is not there yet, and one in a circle is refused', async () => {
  await symlink('elsewhere', join(home, 'link'));
  assert.equal(await openDataFolder(join(home, 'link/')), join(home, 'elsewhere'));
  assert.equal(await modeOf(join(home, 'elsewhere')), 0o700);
  await symlink('circle', join(home, 'circle'));
  assert.match(await errorOf(join(home, 'circle/data')), /leads to itself/);
});

test('what the command line believes has to be closed to the hands of others, and is left as it is', async () => {
  assert.equal(isDataFolder(join(home, 'none')), false);
  await chmod(home, 0o770);
  assert.throws(() => isDataFolder(home), DataFolderError);
  assert.equal(await modeOf(home), 0o770);
});
