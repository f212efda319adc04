/** For scenes in a network of their own: the far host, and the service that watches it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startPostgres, waitFor } from 'portal-test-kit';
import type { Arrival } from './far-host.js';
import { newAdministrator, startServiceProcess, WITHOUT_LIMITS } from './service-process.js';

export interface FarHost {
  /** All so far. */
  readonly arrivals: readonly Arrival[];
  close(): Promise<void>;
}

export async function startFarHost(): Promise<FarHost> {
  const script = fileURLToPath(new URL('./far-host.js', import.meta.url));
  const child = spawn('ip', ['netns', 'exec', 'far', process.execPath, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const arrivals: Arrival[] = [];
  let isReady = false;
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'ready') isReady = true;
    else arrivals.push(JSON.parse(line) as Arrival);
  });
  await waitFor('the far host', () => isReady, { timeoutMs: 60_000 });
  return {
    arrivals,
    async close() {
      child.kill();
      await ended;
    },
  };
}

export interface Watcher {
  /** GET below `/v1/admin/fleet`. */
  get<Document>(path: string): Promise<Document>;
  close(): Promise<void>;
}

/** @param yaml - the fleet file */
export async function startWatcher(
  folder: string,
  yaml: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Watcher> {
  const postgres = await startPostgres();
  const file = join(folder, 'fleet.yaml');
  await writeFile(file, yaml);
  const own = {
    ...WITHOUT_LIMITS,
    DATABASE_URL: await postgres.createDatabase(),
    PORTAL_DATA_DIR: join(folder, 'data'),
    PORTAL_FETCH_REDIS: 'off',
    PORTAL_FLEET_FILE: file,
    ...environment,
  };
  const cookie = await newAdministrator(own, 'watcher');
  const service = await startServiceProcess(folder, own);
  return {
    async get<Document>(path: string) {
      const response = await fetch(`${service.url}/v1/admin/fleet${path}`, { headers: { Cookie: cookie } });
      if (response.status !== 200) throw new Error(`${path}: ${response.status}`);
      return (await response.json()) as Document;
    },
    async close() {
      await service.stop('SIGTERM');
      await postgres.close();
    },
  };
}

export interface FleetDocument {
  readonly blind: string | null;
  readonly services: readonly {
    readonly name: string;
    readonly status: string;
    readonly codes: readonly string[];
  }[];
}

export interface ServiceDocument {
  readonly instances: readonly {
    readonly instance: string;
    readonly state: string;
    readonly codes: readonly string[];
  }[];
}
