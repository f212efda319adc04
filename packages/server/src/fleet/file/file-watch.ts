/**
 * The fleet file over time: read at the start, and again whenever it changes. A bad edit leaves the last good one in force.
 */
import { readFileSync } from 'node:fs';
import { errorCode } from 'portal-shared/error-code';
import { OperatorError } from '../../errors.js';
import { stampOf } from './file-stamp.js';
import { readFleetFile, type FleetFile, type FleetFileOptions } from './fleet-file.js';
import { FleetFileError } from './readers.js';

export interface FileWatch {
  readonly file: FleetFile;
  /** Looks whether the file is another one by now. */
  look(): void;
  /** Whether the last edit was refused. */
  isRefused(): boolean;
}

export interface FileWatchOptions extends FleetFileOptions {
  /** `undefined`: there is no file, and the fleet is this service alone. */
  readonly path: string | undefined;
  readonly onChange: (file: FleetFile) => void;
  /** @param cause - a sentence for the log: the place, the rule and the value */
  readonly onRefused: (cause: string) => void;
}

const NO_FILE: FleetFile = { name: 'default', reach: null, services: [] };

/** @throws OperatorError when the file cannot be used */
export function watchFleetFile({ path, onChange, onRefused, ...options }: FileWatchOptions): FileWatch {
  if (path === undefined) return { file: NO_FILE, look: () => undefined, isRefused: () => false };
  let stamp = stampOf(path);
  let isRefused = false;
  const file = readFirst(path, options);
  return {
    file,
    look() {
      const now = stampOf(path);
      if (now === stamp) return;
      stamp = now;
      try {
        onChange(readFleetFile(readFileSync(path, 'utf8'), options));
        isRefused = false;
      } catch (error) {
        isRefused = true;
        onRefused(error instanceof FleetFileError ? error.message : errorCode(error));
      }
    },
    isRefused: () => isRefused,
  };
}

function readFirst(path: string, options: FleetFileOptions): FleetFile {
  try {
    return readFleetFile(readFileSync(path, 'utf8'), options);
  } catch (error) {
    if (error instanceof FleetFileError) {
      throw new OperatorError(`The fleet file ${path} cannot be used. ${error.message}`, { cause: error });
    }
    throw new OperatorError(`The fleet file ${path} cannot be read (${errorCode(error)}).`, { cause: error });
  }
}
