import { type FileHandle, open, rm } from 'node:fs/promises';
import { toBodyError, tooLarge } from './errors.ts';

export interface SaveOptions {
  readonly maxBytes: number;
  /** The announced length in bytes, if any. */
  readonly total: number | undefined;
  readonly onProgress?: Progress | undefined;
}

/** Told after each piece: bytes so far, and of how many, where that is known. */
export type Progress = (bytes: number, total?: number) => void;

/**
 * Saves a stream as a new file, which is there afterwards only if all of it is. Returns its bytes. Throws as `save` does,
 * and EEXIST.
 */
export async function saveAs(
  path: string,
  body: AsyncIterable<Uint8Array>,
  options: SaveOptions,
): Promise<number> {
  const file = await open(path, 'wx'); // when this fails the file is another's, and stays
  try {
    const bytes = await save(body, file, options);
    await file.close(); // inside: some file systems tell of a full disk only now
    return bytes;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(path, { force: true });
    throw error;
  }
}

/**
 * Writes a stream to an open file, chunk by chunk, and returns its bytes. Throws FetchError SOURCE_TOO_LARGE,
 * SOURCE_TIMEOUT and SOURCE_TRUNCATED; an error of the file, such as ENOSPC, as it is. The caller closes the file.
 */
export async function save(
  body: AsyncIterable<Uint8Array>,
  file: FileHandle,
  { maxBytes, total, onProgress }: SaveOptions,
): Promise<number> {
  let bytes = 0;
  for await (const chunk of withSourceErrors(body)) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    await file.writeFile(chunk); // goes on at the file's position, and writes all of the chunk
    onProgress?.(bytes, total);
  }
  if (total !== undefined && bytes < total) throw toBodyError(new Error(`${bytes} bytes of ${total}`));
  return bytes;
}

/** Tells errors of the source from those of the file: only the former pass through here. */
async function* withSourceErrors(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw toBodyError(cause);
  }
}
