/** What an adapter is tested on: an application of its framework with two healths, and how it is asked. */
import type { EndpointOptions } from '../../src/http/endpoints.js';
import type { Health } from '../../src/index.js';
import type { SendRequest, AdapterResponse } from './exchange.js';

/** One set of doors to put into the application. */
export interface Mount {
  readonly health: Health;
  readonly prefix: '' | '/internal';
  /** Absent at the root. Given the header `x-viewer`, by which the framework's own request is told to be at hand. */
  readonly viewer?: (header: unknown) => unknown;
  /** What the doors are told besides. */
  readonly options: Pick<EndpointOptions, 'viewerDeadlineMs' | 'onMethodNotAllowed'>;
}

export interface RunningApp {
  readonly port: number;
  close(): Promise<unknown>;
}

/** A framework, and how an application of it is made. */
export interface Framework {
  readonly name: string;
  /** Has the middleware behind which a real application would have ours: its headers are on our answers as well. */
  readonly helmet: boolean;
  readonly compression: boolean;
  /** Everything that is for no door must be answered with 401 and `guarded`, by a guard that comes after ours. */
  start(mounts: readonly Mount[]): Promise<RunningApp>;
  /** Spellings that the framework itself refuses with 400, before anybody is asked. */
  readonly rejects?: RegExp;
  /** Over something other than HTTP/1.1. */
  readonly request?: SendRequest;
}

/** An application that runs, with what the tests want of it. */
export interface Subject {
  readonly framework: Framework;
  /** At the root, with a critical check `queue`. */
  readonly root: Health;
  /** Below `/internal`; it looks once and never again, so that what it says stays the same to the byte. */
  readonly internal: Health;
  /** The ids of every refusal that the application was told of. */
  readonly rejected: readonly string[];
  readonly request: (
    path: string,
    method?: string,
    headers?: Record<string, string>,
    body?: string,
  ) => Promise<AdapterResponse>;
  /** Lets a client say something that is no whole request, and go away. */
  readonly sendAndDisconnect: (half: string) => Promise<void>;
  /** Whether `queue` fails from now on. */
  readonly breakQueue: (broken: boolean) => void;
}

export const PREFIXES = ['', '/internal'] as const;
export const VIEWER_DEADLINE_MS = 150;

export const VIEWERS: Readonly<Record<string, () => unknown>> = {
  admin: () => 'admin',
  'admin, later': () => Promise.resolve('admin'),
  public: () => 'public',
  throws: () => {
    throw new Error('no session');
  },
  rejects: () => Promise.reject(new Error('no session')),
  hangs: () => new Promise(() => undefined),
  'answers rubbish': () => ({ admin: true, toString: () => 'admin' }),
};
