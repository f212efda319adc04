import assert from 'node:assert/strict';
import {
  appendFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createFileReader } from '../../src/scan/digest.js';
import { hashTree } from '../../src/scan/hash-tree.js';
import { createFileIndex } from '../../src/scan/file-index.js';
import { createScope } from '../../src/scan/scope.js';
import { shellHash, withTree, write } from '../trees.js';

const TREE = { 'a/one.js': '1', 'a/two.js': '2', 'b/three.js': '3', top: 'x' };

/** A file index that tells which files it read. */
function watched(root: string) {
  const readFiles: string[] = [];
  const fileIndex = createFileIndex(createScope(root), {
    createReader: (onBytes) => {
      const read = createFileReader(onBytes);
      return (absolutePath) => {
        readFiles.push(absolutePath.slice(root.length + 1));
        return read(absolutePath);
      };
    },
  });
  return { fileIndex, filesRead: () => readFiles.splice(0).toSorted() };
}

describe('looking again', () => {
  test('reads nothing while nothing moves, and says so by the same object', () =>
    withTree(TREE, (root) => {
      const { fileIndex, filesRead } = watched(root);
      const first = fileIndex.scan();
      assert.equal(filesRead().length, 4);
      assert.equal(fileIndex.scan(), first);
      assert.deepEqual(filesRead(), []);
    }));

  const changes: Readonly<Record<string, [(root: string) => void, readonly string[]]>> = {
    'a file written anew': [(root) => writeFileSync(join(root, 'a/one.js'), 'new'), ['a/one.js']],
    'a file of the same size and with its old time set back': [
      (root) => {
        const file = join(root, 'a/one.js');
        const { atime, mtime } = statSync(file);
        writeFileSync(file, '9');
        utimesSync(file, atime, mtime);
      },
      ['a/one.js'],
    ],
    'a file appended to': [(root) => appendFileSync(join(root, 'top'), 'y'), ['top']],
    'a file emptied': [(root) => truncateSync(join(root, 'top')), ['top']],
    'a file put in place of another': [
      (root) => {
        writeFileSync(join(root, 'b/new'), 'other');
        renameSync(join(root, 'b/new'), join(root, 'a/two.js'));
      },
      ['a/two.js'],
    ],
    'a file added in a new folder': [(root) => write(root, { 'c/d/e.js': '5' }), ['c/d/e.js']],
    'a file removed': [(root) => rmSync(join(root, 'b/three.js')), []],
    'a folder renamed': [(root) => renameSync(join(root, 'a'), join(root, 'z')), ['z/one.js', 'z/two.js']],
    'a file in place of a folder': [
      (root) => {
        rmSync(join(root, 'a'), { recursive: true });
        writeFileSync(join(root, 'a'), 'file');
      },
      ['a'],
    ],
  };
  for (const [name, [change, expected]] of Object.entries(changes)) {
    test(`finds ${name}, and reads nothing else`, () =>
      withTree(TREE, (root) => {
        const { fileIndex, filesRead } = watched(root);
        const { hash } = fileIndex.scan();
        filesRead();
        change(root);
        const found = fileIndex.scan();
        assert.notEqual(found.hash, hash);
        assert.equal(found.hash, shellHash(root));
        assert.deepEqual(filesRead(), expected);
      }));
  }

  test('a file that was only touched is read, and is no news', () =>
    withTree(TREE, (root) => {
      const { fileIndex, filesRead } = watched(root);
      const first = fileIndex.scan();
      filesRead();
      utimesSync(join(root, 'top'), 1, 1);
      assert.equal(fileIndex.scan(), first);
      assert.deepEqual(filesRead(), ['top']);
    }));
});

test('files that come and go, many times over, are told as by somebody who looks for the first time', () =>
  withTree(TREE, (root) => {
    const { fileIndex, filesRead } = watched(root);
    fileIndex.scan();
    filesRead();
    for (let round = 0; round < 20; round += 1) {
      // Each round brings more than there is room for, and takes most of it away again.
      const come = Object.fromEntries(
        Array.from({ length: 30 + round }, (_, index) => [`c/${round}-${index}.js`, `${round} ${index}`]),
      );
      write(root, come);
      assert.equal(fileIndex.scan().hash, shellHash(root));
      assert.deepEqual(filesRead(), Object.keys(come).toSorted(), 'only what came is read');
      for (const path of Object.keys(come).slice(2)) rmSync(join(root, path));
      assert.equal(fileIndex.scan().hash, shellHash(root));
      assert.deepEqual(filesRead(), []);
    }
    assert.deepEqual(
      new Map(fileIndex.entries().map(({ path, digest }) => [path, digest])),
      new Map(hashTree(createScope(root)).entries.map(({ path, digest }) => [path, digest])),
    );
  }));

test('what two threads read, they note alike: files that came, were touched and were changed', () => {
  const paths = Array.from({ length: 6_000 }, (_, index) => `d${index % 10}/${index}.js`);
  return withTree(Object.fromEntries(paths.map((path) => [path, path])), (root) => {
    const fileIndex = createFileIndex(createScope(root));
    const first = fileIndex.scan();
    assert.equal(first.hash, shellHash(root));
    assert.equal(first.bytes, paths.join('').length);
    for (const path of paths) utimesSync(join(root, path), 1, 1);
    assert.equal(fileIndex.scan(), first);
    write(root, Object.fromEntries(paths.slice(100).map((path) => [path, `changed ${path}`])));
    assert.equal(fileIndex.scan().hash, shellHash(root));
  });
});

describe('reading again', () => {
  test('finds what no stamp tells, and reads everything once in a round', () =>
    withTree(TREE, (root) => {
      let lie = false;
      const readFiles: string[] = [];
      const fileIndex = createFileIndex(createScope(root), {
        createReader: () => {
          const read = createFileReader();
          return (absolutePath) => {
            readFiles.push(absolutePath);
            const reading = read(absolutePath);
            const isChanged =
              lie && absolutePath.endsWith('three.js') && reading !== 'gone' && 'digest' in reading;
            return isChanged ? { ...reading, digest: 'f'.repeat(64) } : reading;
          };
        },
      });
      const { hash } = fileIndex.scan();
      lie = true;
      assert.equal(fileIndex.scan().hash, hash, 'its stamp has not moved');
      readFiles.length = 0;
      while (!fileIndex.reread(0.001));
      assert.equal(new Set(readFiles).size, 4);
      assert.notEqual(fileIndex.scan().hash, hash);
    }));

  test('a file that went away meanwhile is left to the next look', () =>
    withTree(TREE, (root) => {
      const { fileIndex } = watched(root);
      fileIndex.scan();
      rmSync(join(root, 'a/one.js'));
      while (!fileIndex.reread(1_000));
      assert.equal(fileIndex.scan().hash, shellHash(root));
    }));
});
