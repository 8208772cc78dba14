import { readFileSync } from 'node:fs';

/** The hash of the running release, from the file RELEASE in the root of its tree; `dev` without that file. */
export function readRelease(file: URL = new URL('../../RELEASE', import.meta.url)): string {
  try {
    return readFileSync(file, 'utf8').trim() || 'dev';
  } catch {
    return 'dev';
  }
}
