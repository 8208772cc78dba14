import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tooLarge } from '../fetch/answer.ts';
import { FetchError } from '../fetch/errors.ts';
import { saveAs } from '../fetch/save.ts';
import type { Art } from './art.ts';
import { keyBelow } from './key.ts';

/** A folder in place of the bucket of tapes, for a laptop: `file:///dir/abc.zip` is the tape `abc.zip`. */
export function folderArt(endpoint: URL): Art {
  const folder = fileURLToPath(endpoint);
  return {
    keyOf: (url) => keyBelow(endpoint.href, url),
    download: async (key, file, { signal, maxBytes, onProgress }) => {
      const path = join(folder, key);
      const total = await sizeOf(path);
      if (total > maxBytes) throw tooLarge(maxBytes);
      const body = createReadStream(path, { signal });
      return { bytes: await saveAs(file, body, { maxBytes, total, onProgress }) };
    },
    check: () =>
      access(folder).catch((cause: unknown) => {
        throw new FetchError('SOURCE_MISCONFIGURED', 'Oven may not read the folder of tapes.', { cause });
      }),
    close: () => {},
  };
}

/** Bytes of a file; what is no file (a folder, a pipe that would never end) is no tape. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => cause);
  if (!(found instanceof Error) && found.isFile()) return found.size;
  throw new FetchError('SOURCE_NOT_FOUND', 'There is no such tape in the folder of tapes.', { cause: found });
}
