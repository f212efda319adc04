/** `portal-server doctor` */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Diagnosis } from 'portal-health/diagnose';
import { configFromEnvironment } from '../config/env.js';
import { readServiceFile } from '../infra/service-file.js';
import { diagnosisDocument, diagnosisText, exitCodeOf } from './doctor-text.js';

/** Of both stores together with what follows, the slowest way to an answer is well below ten seconds. */
const DEADLINE_MS = 3_000;
/** A name that is looked up keeps a process for as long as its resolver likes. */
const EXIT_WITHIN_MS = 1_000;
const NOTHING_TO_LOOK_AT = 3;

export function addDoctorCommand(program: Command, exitWith: (code: number) => void): void {
  program
    .command('doctor')
    .description(
      'Look once at the database of DATABASE_URL and the cache of REDIS_URL, or at those of the service that runs here, and say ' +
        'what is wrong, who causes it and what to do. Changes nothing, and needs no service. Exits 0 if all is well, 1 if ' +
        'something is wrong, 2 if a store cannot be used, 3 if there is none to look at.',
    )
    .option('--json', 'print one JSON object instead of text')
    .action(async ({ json = false }: { readonly json?: boolean }) => {
      const urls = findUrls();
      if (urls.databaseUrl === undefined && urls.redisUrl === undefined) {
        console.error('Expected `DATABASE_URL` or `REDIS_URL` to say what to look at, got neither.');
        exitWith(NOTHING_TO_LOOK_AT);
        return;
      }
      const found = await examine(urls);
      console.log(json ? JSON.stringify(diagnosisDocument(found), undefined, 2) : diagnosisText(found));
      const code = exitCodeOf(found);
      exitWith(code);
      setTimeout(() => process.exit(code), EXIT_WITHIN_MS).unref();
    });
}

interface StoreUrls {
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
}

function findUrls(): StoreUrls {
  const { databaseUrl, redisUrl, dataDir } = configFromEnvironment();
  if (databaseUrl !== undefined || redisUrl !== undefined) return { databaseUrl, redisUrl };
  try {
    const running = readServiceFile(resolve(dataDir));
    return { databaseUrl: running?.databaseUrl, redisUrl: running?.redisUrl };
  } catch {
    return { databaseUrl, redisUrl };
  }
}

/** The drivers are loaded only here: neither the pool nor the client ever connects. */
async function examine({ databaseUrl, redisUrl }: StoreUrls): Promise<readonly Diagnosis[]> {
  const [{ diagnose }, { Pool }, { Redis }] = await Promise.all([
    import('portal-health/diagnose'),
    import('pg'),
    import('ioredis'),
  ]);
  const pool = databaseUrl === undefined ? undefined : new Pool({ connectionString: databaseUrl });
  const client = redisUrl === undefined ? undefined : new Redis(redisUrl, { lazyConnect: true });
  try {
    return await diagnose({
      ...(pool && { database: { pool } }),
      ...(client && { cache: { client } }),
      deadlineMs: DEADLINE_MS,
    });
  } finally {
    await pool?.end();
    client?.disconnect();
  }
}
