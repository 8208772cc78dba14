import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { pack } from 'tar-stream';
import type { ReleaseFile } from './tree.ts';

const compress = promisify(zstdCompress);

/** Two empty blocks end a tar archive. */
const END_BYTES = 1024;

/**
 * Packs files as one part of a tar archive, compressed as one zstd frame. Parts in a row are one archive: a release with unchanged packages joins its
 * few files with the packages' part of an earlier build. Owner, time and mode do not depend on the machine, so the same files give the same bytes.
 * Only the last part has `end`.
 */
export async function packPart(
  files: readonly ReleaseFile[],
  how: { end: boolean; level: number },
): Promise<Buffer> {
  const tar = pack();
  for (const { path, content, executable } of files) {
    const mode = executable ? 0o755 : 0o644;
    tar.entry(
      { name: path, mode, mtime: new Date(0), uid: 0, gid: 0, uname: 'root', gname: 'root' },
      content,
    );
  }
  tar.finalize();
  const bytes = await buffer(tar);
  return compress(how.end ? bytes : bytes.subarray(0, -END_BYTES), {
    params: { [constants.ZSTD_c_compressionLevel]: how.level, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}
