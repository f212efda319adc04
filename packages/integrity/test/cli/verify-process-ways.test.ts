/** `verify --pid`: every way to run the tree, something else, or something besides, by what the kernel knows of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { write } from '../trees.js';
import { PROGRAM } from './program.js';
import { assertVerdict, STAYS, type Started, verifyStarted } from './started-process.js';

describe('a process that runs the tree', () => {
  const ways: readonly [string, Started][] = [
    ['by a relative path', {}],
    ['without the end of the name', { args: ['app/dist/main'] }],
    ['by its folder', { args: ['app'] }],
    [
      'with options of Node before the script',
      { args: ['--conditions', 'x', '--no-warnings', 'app/dist/main.js'] },
    ],
    ['with a preload of the tree', { args: ['--require', './app/dist/pre.cjs', 'app/dist/main.js'] }],
  ];
  for (const [name, started] of ways) {
    test(`is verified, started ${name}`, async () => {
      assertVerdict(await verifyStarted(started), 0, 'verified');
    });
  }

  test('also through a link, as Capistrano starts it', async () => {
    const found = await verifyStarted((folder) => {
      symlinkSync('app', join(folder, 'current'));
      return { args: ['current/dist/main.js'] };
    });
    assertVerdict(found, 0, 'verified');
  });
});

describe('a process that does not', () => {
  const others: readonly [string, Started, RegExp][] = [
    [
      'code from the command line',
      { args: ['-e', STAYS, 'app/dist/main.js'] },
      /runs code from its command line/,
    ],
    [
      'another program',
      { program: 'sh', args: ['-c', 'echo there; read x', 'app/dist/main.js'] },
      /neither Node\.js nor/,
    ],
  ];
  for (const [name, started, reason] of others) {
    test(`is not from this tree: ${name}`, async () => {
      assertVerdict(await verifyStarted(started), 8, 'not from this tree', reason);
    });
  }

  test('nor what is merely called node, though it is given a script of the tree', async () => {
    const found = await verifyStarted((folder) => {
      copyFileSync('/bin/sh', join(folder, 'node'));
      write(folder, { 'app/dist/run.js': 'echo there; read x\n' });
      return { program: join(folder, 'node'), args: ['app/dist/run.js'] };
    });
    assertVerdict(found, 8, 'not from this tree', /\/node, which is called so and is not Node\.js/);
  });

  test('nor a Node.js that holds an application of its own, given a script of the tree', async () => {
    const found = await verifyStarted((folder) => {
      const node = join(folder, 'node');
      copyFileSync('/bin/sh', node);
      // As `postject` leaves it; what stands behind a program is not read when it runs.
      appendFileSync(node, 'node_module_register NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1');
      write(folder, { 'app/dist/run.js': 'echo there; read x\n' });
      return { program: node, args: ['app/dist/run.js'] };
    });
    assertVerdict(found, 8, 'not from this tree', /runs the application that .+\/node holds/);
  });

  for (const option of ['--test-name-pattern', '--test_reporter', '--env_file']) {
    test(`nor another script behind one of the tree that is the value of ${option}`, async () => {
      const found = await verifyStarted((folder) => {
        writeFileSync(join(folder, 'evil.js'), STAYS);
        return { args: [option, 'app/dist/main.js', 'evil.js'] };
      });
      assertVerdict(found, 8, 'not from this tree', /runs .+\/evil\.js, which is not of this tree/);
    });
  }

  test('nor is another script that is given a path of the tree', async () => {
    const found = await verifyStarted((folder) => {
      writeFileSync(join(folder, 'evil.js'), STAYS);
      return { args: ['evil.js', 'app/dist/main.js'] };
    });
    assertVerdict(found, 8, 'not from this tree', /runs .+\/evil\.js, which is not of this tree/);
  });

  test('nor a script in an excluded place of it', async () => {
    const found = await verifyStarted((folder) => {
      write(folder, { 'app/node_modules/x/main.js': STAYS });
      return { args: ['app/node_modules/x/main.js'] };
    });
    assertVerdict(found, 8, 'not from this tree', /node_modules\/x\/main\.js, which is not of this tree/);
  });
});

describe('code from elsewhere', () => {
  const preload = 'globalThis.evil = 1;\n';
  const ways: readonly [string, (file: string) => Started, RegExp][] = [
    [
      'NODE_OPTIONS',
      (file) => ({ options: { env: { ...process.env, NODE_OPTIONS: `--require ${file}` } } }),
      /--require \S+ by NODE_OPTIONS/,
    ],
    [
      'NODE_OPTIONS in quotes',
      (file) => ({ options: { env: { ...process.env, NODE_OPTIONS: `--no-warnings --import="${file}"` } } }),
      /--import=\S+ by NODE_OPTIONS/,
    ],
    ['an option', (file) => ({ args: ['-r', file, 'app/dist/main.js'] }), /code from elsewhere: -r \//],
    [
      'a file of the environment',
      (file) => ({ args: [`--env-file=${file}`, 'app/dist/main.js'] }),
      /--env-file=/,
    ],
    [
      'a file of the environment, in the other spelling',
      (file) => ({ args: [`--env_file=${file}`, 'app/dist/main.js'] }),
      /--env_file=/,
    ],
    [
      'LD_PRELOAD',
      (file) => ({ options: { env: { ...process.env, LD_PRELOAD: file } } }),
      /\S+ by LD_PRELOAD/,
    ],
  ];
  for (const [name, start, reason] of ways) {
    test(`is told: ${name}`, async () => {
      const found = await verifyStarted((folder) => {
        const file = join(folder, 'pre.cjs');
        writeFileSync(file, name.includes('environment') ? 'A=1\n' : preload);
        return start(file);
      });
      assertVerdict(found, 8, 'not from this tree', reason);
    });
  }

  test('is told of a package that is called like a file of the tree', async () => {
    const found = await verifyStarted((folder) => {
      write(folder, { 'node_modules/app/dist/pre.cjs': preload });
      return { args: ['--require', 'app/dist/pre.cjs', 'app/dist/main.js'] };
    });
    assertVerdict(found, 8, 'not from this tree', /code from elsewhere: --require app\/dist\/pre\.cjs/);
  });

  test('and accepted where the operator means it', async () => {
    const found = await verifyStarted((folder) => {
      const file = join(folder, 'pre.cjs');
      writeFileSync(file, preload);
      return { args: ['--require', file, 'app/dist/main.js'], verify: ['--preload', file] };
    });
    assertVerdict(found, 0, 'verified');
  });

  const addonOf = (folder: string, place: string): string => {
    const addon = join(folder, place, 'addon.node');
    mkdirSync(join(folder, place), { recursive: true });
    copyFileSync(fileURLToPath(import.meta.resolve(`@libsql/linux-${process.arch}-gnu/index.node`)), addon);
    write(folder, {
      'app/dist/other.js': `try { process.dlopen({ exports: {} }, ${JSON.stringify(addon)}); } catch {}`,
    });
    return addon;
  };

  test('is told of native code; that of a dependency is named', async () => {
    const elsewhere = await verifyStarted((folder) => {
      addonOf(folder, 'tmp');
      return {};
    });
    assertVerdict(elsewhere, 8, 'not from this tree', /native code from elsewhere: .+\/tmp\/addon\.node/);
    const dependency = await verifyStarted((folder) => {
      addonOf(folder, 'app/node_modules/addon');
      return {};
    });
    assertVerdict(dependency, 0, 'verified');
    assert.match(dependency.stderr, /has native code of a dependency: .+addon\.node/);
  });

  test('and of native code that was replaced under the process', async () => {
    let addon = '';
    const found = await verifyStarted((folder) => {
      addon = addonOf(folder, 'app/node_modules/addon');
      return {
        meanwhile() {
          copyFileSync(addon, `${addon}.new`);
          renameSync(`${addon}.new`, addon);
        },
      };
    });
    assertVerdict(found, 8, 'changed after it started', /addon\.node, native code, was deleted or replaced/);
  });
});

describe('what changed after the start, whatever it is now', () => {
  const changes: readonly [string, (app: string) => void, RegExp][] = [
    [
      'a file that was put back',
      (app) => {
        const file = join(app, 'dist/other.js');
        const good = readFileSync(file);
        writeFileSync(file, 'EVIL');
        writeFileSync(file, good);
      },
      /dist\/other\.js was written, moved or given other rights \d+\.\d s after/,
    ],
    [
      'a file that came and went',
      (app) => {
        writeFileSync(join(app, 'dist/evil.js'), 'EVIL');
        rmSync(join(app, 'dist/evil.js'));
      },
      /^ {2}dist was written/m,
    ],
    [
      'rights',
      (app) => chmodSync(join(app, 'package.json'), 0o600),
      /package\.json was written, moved or given/,
    ],
  ];
  for (const [name, change, reason] of changes) {
    test(`is told: ${name}`, async () => {
      const found = await verifyStarted({ meanwhile: (folder) => change(join(folder, 'app')) });
      assertVerdict(found, 8, 'changed after it started', reason);
    });
  }

  test('and the program itself', async () => {
    const found = await verifyStarted((folder) => {
      const node = join(folder, 'node');
      copyFileSync(process.execPath, node, constants.COPYFILE_FICLONE);
      return { program: node, meanwhile: () => rmSync(node) };
    });
    assertVerdict(found, 8, 'changed after it started', /node, the program, was deleted or replaced/);
  });
});

test('a program that is not the given one', async () => {
  const found = await verifyStarted({ verify: ['--node-digest', '0'.repeat(64)] });
  assertVerdict(found, 8, 'not from this tree', /another program than --node-digest says/);
});

/** Mounts of its own, as a container has; `unshare` makes them for whoever may. */
const OWN_MOUNTS = ['--user', '--map-root-user', '--mount', 'sh', '-c'];

test('a file that is mounted over is told by what the process sees, and the mounts are named', async () => {
  const mount = 'mount --bind evil.js app/dist/other.js && exec "$0" app/dist/main.js';
  const found = await verifyStarted((folder) => {
    writeFileSync(join(folder, 'evil.js'), "export const other = 'EVIL';\n");
    return { program: 'unshare', args: [...OWN_MOUNTS, mount, process.execPath] };
  });
  // What the process did before it became Node.js counts as done after its start.
  assert.ok(found.exit === 4 || found.exit === 12, found.stdout);
  assert.match(found.stdout, /^(?:differs|changed after it started) +process/m);
  assert.match(found.stdout, /^differs +app {2}/m);
  assert.match(found.stderr, /has mounts of its own/);
  assert.match(found.stderr, /is mounted: .+\/app\/dist\/other\.js/);
});

test('a whole tree that lies over ours only for the process', async () => {
  const mount = 'mount -t tmpfs none app && cp -r other/. app && exec "$0" app/dist/main.js';
  const found = await verifyStarted((folder) => {
    write(join(folder, 'other'), {
      'package.json': '{ "type": "module" }',
      'dist/main.js': `globalThis.evil = 1; ${STAYS}`,
    });
    return { program: 'unshare', args: [...OWN_MOUNTS, mount, process.execPath] };
  });
  // What the process did before it became Node.js counts as done after its start.
  assert.ok(found.exit === 4 || found.exit === 12, found.stdout);
  assert.match(found.stdout, /^(?:differs|changed after it started) +process/m);
  assert.match(found.stderr, /is mounted: .+\/app$/m);
});

test('a root of its own is read through, and told', async () => {
  const found = await verifyStarted((folder) => {
    cpSync(join(folder, 'app'), join(folder, 'r/srv/app'), { recursive: true });
    const mount =
      'for at in usr lib lib64 bin; do [ -e /$at ] && mkdir -p r/$at && mount --rbind /$at r/$at; done; ' +
      'PATH=$PATH:/usr/sbin:/sbin; exec chroot r "$0" /srv/app/dist/main.js';
    return { program: 'unshare', args: [...OWN_MOUNTS, mount, process.execPath], folder: '/srv/app' };
  });
  assert.equal(found.exit, 0, `${found.stdout}${found.stderr}`);
  assert.match(found.stderr, /has a root of its own/);
});

test('a process of somebody else is open, and the sentence says what to do', async () => {
  const isRoot = process.getuid?.() === 0;
  const child = spawn(process.execPath, ['-e', STAYS], { stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    const { stderr, exit } = await new Promise<{ stderr: string; exit: unknown }>((resolve, reject) => {
      const pid = isRoot ? child.pid : 1;
      const reader = spawn(
        process.execPath,
        [PROGRAM, 'verify', '/usr', '--expect', '0'.repeat(64), '--pid', String(pid)],
        { stdio: ['ignore', 'ignore', 'pipe'], ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}) },
      );
      let text = '';
      reader.stderr.on('data', (chunk: Buffer) => (text += String(chunk)));
      reader.on('error', reject).on('close', (code) => resolve({ stderr: text, exit: code }));
    });
    assert.equal(exit, 32, stderr);
    assert.match(
      stderr,
      /cannot be read \(E(?:ACCES|PERM)\): run this as the user of the process, or as root\./,
    );
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});
