import type { FileHandle } from 'node:fs/promises';
import { bodyFault, tooLarge } from './answer.ts';

export interface SaveOptions {
  readonly maxBytes: number;
  /** The announced length in bytes, if any. */
  readonly total: number | undefined;
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined;
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
  for await (const chunk of faultsOf(body)) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    await file.writeFile(chunk); // goes on at the file's position, and writes all of the chunk
    onProgress?.(bytes, total);
  }
  if (total !== undefined && bytes < total) throw bodyFault(new Error(`${bytes} bytes of ${total}`));
  return bytes;
}

/** Tells errors of the source from those of the file: only the former pass through here. */
async function* faultsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw bodyFault(cause);
  }
}
