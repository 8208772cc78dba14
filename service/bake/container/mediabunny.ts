import { createRequire } from 'node:module';

/**
 * Loads what reads videos and writes MP4s, once. As one file it takes a quarter of the time that its modules would take one by one, and
 * all of it passes beside the encoder when it is asked for early.
 */
export function loadMediabunny(): typeof import('mediabunny') {
  return createRequire(import.meta.url)('mediabunny');
}
