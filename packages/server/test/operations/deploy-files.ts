/** The files under `deploy/`, as they are shipped. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DEPLOY = new URL('../../../../../deploy/', import.meta.url);

/** Where a file is, e.g. `prometheus/portal.rules.yml`. */
export function deployFile(path: string): string {
  return fileURLToPath(new URL(path, DEPLOY));
}

/** What is in it. */
export function readDeployFile(path: string): string {
  return readFileSync(deployFile(path), 'utf8');
}
