/** The recipes with the packages that they need, installed once for each change of their package.json: the ground of their tests. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installOnce } from './installed.js';
import { execute, pack, REPOSITORY, tool } from './packed.js';

export const RECIPES = join(REPOSITORY, 'examples/recipes');

export interface RecipesFolder {
  /** All recipes, beside the libraries as packed. */
  readonly path: string;
  close(): Promise<void>;
}

/** A folder of the caller's own, to be closed. The first call installs some 400 packages from the registry. */
export async function openRecipes(): Promise<RecipesFolder> {
  const installed = await installOnce('recipes', await readFile(join(RECIPES, 'package.json'), 'utf8'));
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

/** Compiles what is in the folder, scripts too, and writes what was TypeScript as `NAME.js` beside it. */
export async function compile(path: string, include: readonly string[]): Promise<void> {
  if (include.includes('prisma.ts')) await generatePrismaClient(path);
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

const SCHEMA = `
generator client {
  provider            = "prisma-client"
  output              = "./generated/prisma"
  moduleFormat        = "esm"
  importFileExtension = "js"
}

datasource db {
  provider = "postgresql"
}

model Order {
  id Int @id
}
`;

/** What every project of Prisma has. */
async function generatePrismaClient(path: string): Promise<void> {
  await writeFile(join(path, 'schema.prisma'), SCHEMA);
  await writeFile(join(path, 'prisma.config.js'), "export default { schema: 'schema.prisma' };\n");
  // It would fetch an engine that only migrations need, and ask for news.
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' };
  const program = join(path, '../node_modules/prisma/build/index.js');
  await execute(process.execPath, [program, 'generate'], { cwd: path, env });
}
