import { BakeError } from '../bake/errors.ts';
import { diskFull } from '../bake/workspace.ts';

/** What the system says when it has too little of something just now: memory, processes, open files. */
const BUSY: readonly unknown[] = ['ENOMEM', 'EAGAIN', 'EMFILE', 'ENFILE'];

/** The error that a job fails with: errors of the system get a code of ours; what remains untyped is a bug. */
export function typed(error: unknown): unknown {
  const full = diskFull(error);
  if (full) return full;
  if (BUSY.includes((error as NodeJS.ErrnoException | null)?.code)) {
    return new BakeError('MACHINE_BUSY', 'The machine had too much to do.', { cause: error });
  }
  if (error instanceof BakeError && error.code === 'TAPE_NOT_FOUND') {
    // It was fetched a moment ago: somebody took it away.
    const message = 'The folder for working files (TEMP_DIR) lost a file.';
    return new BakeError('TEMP_DIR_UNUSABLE', message, { cause: error });
  }
  return error;
}
