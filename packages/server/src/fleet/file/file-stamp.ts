/** Whether a file is another one by now. */
import { statSync } from 'node:fs';
import { errorCode } from 'portal-shared/error-code';

/** Another one after every change, a replacement by rename included; a code of the system while there is no file. */
export function stampOf(path: string): string {
  try {
    const { mtimeMs, ctimeMs, ino, size } = statSync(path);
    return `${mtimeMs} ${ctimeMs} ${ino} ${size}`;
  } catch (error) {
    return errorCode(error);
  }
}
