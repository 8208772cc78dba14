import { BakeError, frameCorrupt } from './errors.ts';
import { diskFull } from './workspace.ts';

/**
 * The error to throw when sharp could not make an animation: its errors have no codes, only libvips' words, which tell a
 * full disk from a frame that can't be decoded. DISK_FULL or FRAME_CORRUPT.
 */
export function animationFault(cause: unknown): unknown {
  if (cause instanceof BakeError) return cause;
  // What has a code of the system's is no word of sharp's.
  if (typeof (cause as NodeJS.ErrnoException | null)?.code === 'string') return diskFull(cause) ?? cause;
  if (String(cause).includes('No space left on device')) {
    return new BakeError('DISK_FULL', 'There is no room left on the disk for the animation.', { cause });
  }
  return frameCorrupt(cause);
}
