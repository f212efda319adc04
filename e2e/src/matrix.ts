/** The matrix: every fault, by what it happens to. Data, but for the words in which each is done. */
import { CACHE_ROWS } from './matrix/cache.js';
import { DATABASE_ROWS } from './matrix/database.js';
import { BOTH_ROWS, POOL_ROWS, PROCESS_ROWS } from './matrix/process.js';
import type { Row } from './scenario.js';

/** Rows about one thing. */
export interface Group {
  readonly name: string;
  readonly rows: readonly Row[];
}

export const MATRIX: readonly Group[] = [
  { name: 'PostgreSQL', rows: DATABASE_ROWS },
  { name: 'Redis', rows: CACHE_ROWS },
  { name: 'Both stores', rows: BOTH_ROWS },
  { name: 'The pool', rows: POOL_ROWS.map(onlyOnDemand) },
  { name: 'The process', rows: PROCESS_ROWS.map(onlyOnDemand) },
];

/** Found out by a sign of the pool or the process itself, which does not wait for the next run of a probe. */
function onlyOnDemand(row: Row): Row {
  return { ...row, idle: false };
}
