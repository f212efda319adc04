// Builds the operator's page, packages/page/src, into packages/page/dist/site, which the service serves, or into another folder.
//
//   node scripts/page.mjs [FOLDER]
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'vite';

const root = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What is fetched by those who look at it: charts, and some views with their words. */
const LATER =
  /\/(charts\/(chart\.tsx|cells\.ts)|uplot\/.*|views\/(alerts|events|maintenance|incident-charts|incidents?|integrity(-\w+)?|sessions|sign-in|report-dialog|healthy-time|audit|fleet(-(service|instance|past|strip|source|cells|filter))?|pause-form)\.tsx|copy\/(alerts|incident-markdown|fold-incidents|details|healthy-time)\.ts)$/;

const outDir = process.argv[2] ?? root('packages/page/dist/site');

await build({
  configFile: false,
  root: root('packages/page/src'),
  // Relative, so that it also works below a path that a proxy takes off.
  base: './',
  logLevel: 'warn',
  // Of the library the page needs nothing but its words; the rest of it is for servers.
  resolve: {
    alias: {
      'portal-health/advice': root('packages/health/src/advice.ts'),
      'portal-health': root('packages/health/src/problems.ts'),
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    // The policy allows neither `data:` nor anything inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What the first view needs is one file: cut up by who shares what, it would be larger, and more of them.
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'index', test: (id) => !LATER.test(id) }] },
      },
    },
    reportCompressedSize: false,
  },
});
// Without a hash in its name: a service worker keeps its address.
await copyFile(root('packages/page/src/sw.js'), join(outDir, 'sw.js'));
// At the best quality, which is worth a tenth of a second here and not at each start of a service.
for (const path of await readdir(outDir, { recursive: true })) {
  if (/\.(js|css|svg)$/.test(path)) {
    await writeFile(join(outDir, `${path}.br`), brotliCompressSync(await readFile(join(outDir, path))));
  }
}
