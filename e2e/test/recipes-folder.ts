/** The recipes with the packages that they need, installed once for each change of their package.json: the ground of their tests. */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execute, npm, pack, REPOSITORY, tool } from './packed.js';

export const RECIPES = join(REPOSITORY, 'examples/recipes');
const CACHE = join(REPOSITORY, '.portal/test-kit/recipes');

export interface RecipesFolder {
  /** All recipes, beside the libraries as packed. */
  readonly path: string;
  close(): Promise<void>;
}

/** A folder of the caller's own, to be closed. The first call installs some 400 packages from the registry. */
export async function openRecipes(): Promise<RecipesFolder> {
  const installed = await install();
  const path = await mkdtemp(join(installed, 'run-'));
  for (const name of ['health', 'integrity']) {
    const { tarball } = await pack(name, path);
    const place = join(path, 'node_modules', `portal-${name}`);
    await mkdir(place, { recursive: true });
    await execute('tar', ['-xzf', tarball, '-C', place, '--strip-components=1']);
  }
  await cp(RECIPES, path, { recursive: true });
  return { path, close: () => rm(path, { recursive: true, force: true }) };
}

async function install(): Promise<string> {
  const manifest = await readFile(join(RECIPES, 'package.json'), 'utf8');
  const folder = join(CACHE, createHash('sha256').update(manifest).digest('hex').slice(0, 16));
  if (await isThere(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const making = await mkdtemp(join(CACHE, 'making-'));
  await writeFile(join(making, 'package.json'), manifest);
  // Three versions of terminus want three of Nest; what they have in common will do.
  const quietly = ['--legacy-peer-deps', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await npm(making, 'install', ...quietly);
  await rename(making, folder).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
  });
  return folder;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Compiles what is in the folder, scripts too, and writes what was TypeScript as `NAME.js` beside it. */
export async function compile(path: string, include: readonly string[]): Promise<void> {
  await mkdir(join(path, 'generated/prisma'), { recursive: true });
  // What `prisma generate` makes of a schema.
  await writeFile(
    join(path, 'generated/prisma/client.d.ts'),
    `export declare class PrismaClient { constructor(options: { adapter: import('@prisma/adapter-pg').PrismaPg }); }`,
  );
  await writeFile(
    join(path, 'environment.d.ts'),
    'declare namespace NodeJS { interface ProcessEnv { REDIS_URL: string; DATABASE_URL: string } }',
  );
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023'],
    strict: true,
    // In scripts nothing says what is given.
    noImplicitAny: false,
    useUnknownInCatchVariables: false,
    allowJs: true,
    checkJs: true,
    skipLibCheck: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    types: ['node'],
    rootDir: '.',
    outDir: 'built',
  };
  const config = { compilerOptions, include: [...include, 'environment.d.ts'], exclude: [] };
  await writeFile(join(path, 'tsconfig.json'), JSON.stringify(config));
  await tool(path, 'tsc', '-p', path).catch((error: { stdout: string }) => {
    throw new Error(error.stdout);
  });
}
