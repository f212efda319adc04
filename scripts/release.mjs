// Makes everything that a release hands out, in a folder that does not exist yet: the tarball of each package, what it is
// made of as CycloneDX (of the packages as npm installs them from the tarballs), and the SHA-256 of every file.
// Before that it uses the libraries as somebody would who has just installed them, on whatever system this is.
//
//   node scripts/release.mjs FOLDER
//   node scripts/release.mjs FOLDER health integrity   these alone
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PUBLISHED, run } from './stage.mjs';

const [folder, ...asked] = process.argv.slice(2);
if (folder === undefined) throw new Error('Expected a folder for what is released.');
const released = resolve(folder);
const names = asked.length === 0 ? PUBLISHED : asked;
mkdirSync(released);

const tarballs = names.map((name) => {
  const printed = run(process.execPath, [join(import.meta.dirname, 'pack.mjs'), name, released]);
  process.stdout.write(printed);
  return printed.slice(0, printed.lastIndexOf(' '));
});

const scratch = mkdtempSync(join(tmpdir(), 'portal-release-'));
// The bill calls it by its folder.
const project = join(scratch, 'portal-release');
try {
  mkdirSync(project);
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'portal-release', version, private: true }),
  );
  npm('install', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs);
  npm('ls', '--all');
  useLibraries();
  const bill = npm('sbom', '--sbom-format=cyclonedx', '--sbom-type=application')
    // Where the tarballs lay on this machine is nobody's business.
    .replace(/"file:[^"]*[/\\]([^"/\\]+\.tgz)"/g, '"$1"');
  const { components } = JSON.parse(bill);
  for (const name of names) {
    if (!components.some((component) => component.name === `portal-${name}`))
      throw new Error(`portal-${name} is not in its bill of materials.`);
  }
  writeFileSync(join(released, 'sbom.cdx.json'), bill);
} finally {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}

const sums = readdirSync(released)
  .toSorted()
  .map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(join(released, name)))
        .digest('hex')}  ${name}\n`,
  );
writeFileSync(join(released, 'SHA256SUMS'), sums.join(''));
process.stdout.write(sums.join(''));

/** A program that watches a source, answers GET /health and ends; and the same number from the command line. */
function useLibraries() {
  mkdirSync(join(project, 'source', 'lib'), { recursive: true });
  writeFileSync(join(project, 'source', 'main.js'), 'export const answer = 42;\n');
  writeFileSync(join(project, 'source', 'lib', 'ä b.js'), '');
  writeFileSync(
    join(project, 'use.mjs'),
    `import { createServer } from 'node:http';
    import { once } from 'node:events';
    import { createHealth } from 'portal-health';
    import { createHealthHandler } from 'portal-health/node';
    import { watchSource } from 'portal-integrity';

    const source = watchSource({ root: 'source' });
    const health = createHealth({ source, checks: { queue: () => true } });
    await health.start();
    const handler = createHealthHandler(health);
    const server = createServer((request, response) => void handler(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const response = await fetch('http://127.0.0.1:' + server.address().port + '/health');
    const { status } = await response.json();
    console.log(response.status, status, health.report('admin').source_hash);
    await health.close();
    server.close();`,
  );
  const sha256 = (text) => createHash('sha256').update(text).digest('hex');
  const manifest = [
    [sha256(''), 'lib/ä b.js'],
    [sha256('export const answer = 42;\n'), 'main.js'],
  ];
  const hash = sha256(manifest.map(([digest, path]) => `${digest}  ${path}\n`).join(''));
  const used = run(process.execPath, ['use.mjs'], { cwd: project }).trim();
  const cli = join('node_modules', 'portal-integrity', 'dist', 'src', 'cli', 'portal-integrity.mjs');
  const printed = run(process.execPath, [cli, 'hash', 'source'], { cwd: project }).trim();
  if (printed !== hash) throw new Error(`Expected portal-integrity to print ${hash}, got ${printed}.`);
  if (used !== `200 healthy ${hash}`) throw new Error(`Expected 200 healthy ${hash}, got ${used}.`);
}

function npm(...args) {
  // On Windows it is a script, which only a shell can start; none of the arguments holds anything special to one.
  return run('npm', args, { cwd: project, shell: process.platform === 'win32', maxBuffer: 2 ** 26 });
}
