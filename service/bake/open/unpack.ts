import { promisify } from 'node:util';
import { crc32, inflateRaw, inflateRawSync, constants as zlib } from 'node:zlib';
import { BakeError } from '../errors.ts';
import type { ZipEntry } from './entry.ts';
import type { TapeFile } from './file.ts';
import type { Located } from './locate.ts';

const inflate = promisify(inflateRaw);

/** The unpacked bytes of an entry: as many as it says, with the CRC-32 it says. Throws ENTRY_SIZE or ENTRY_CRC. */
export async function unpack(file: TapeFile, entry: ZipEntry): Promise<Buffer> {
  const packed = await file.read(entry.dataOffset, entry.packedSize);
  const bytes = entry.method === 'store' ? packed : await inflateWhole(packed, entry);
  if (bytes.length !== entry.size) throw wrongSize(entry, `${bytes.length}`);
  if (crc32(bytes) !== entry.crc32) {
    throw new BakeError('ENTRY_CRC', `${entry.name} is damaged: its checksum (CRC-32) is wrong.`);
  }
  return bytes;
}

async function inflateWhole(packed: Buffer, entry: ZipEntry): Promise<Buffer> {
  try {
    return await inflate(packed, { maxOutputLength: entry.size + 1 });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (code === 'ERR_BUFFER_TOO_LARGE') throw wrongSize(entry, 'more', cause);
    if (code === 'Z_BUF_ERROR') throw wrongSize(entry, 'fewer', cause);
    if (!code.startsWith('Z_') || code === 'Z_MEM_ERROR') throw cause;
    const message = `${entry.name} is damaged: its packed bytes can't be unpacked.`;
    throw new BakeError('ENTRY_CRC', message, { cause });
  }
}

/**
 * At least the first `length` unpacked bytes of an entry, or all it has: from what was read with its header where that is
 * enough, and then unverified. Otherwise the whole entry, verified.
 */
export async function unpackHead(file: TapeFile, { entry, head }: Located, length: number): Promise<Buffer> {
  const bytes = entry.method === 'store' ? head : inflateStart(head);
  return bytes.length >= Math.min(length, entry.size) ? bytes : await unpack(file, entry);
}

function inflateStart(packed: Buffer): Buffer {
  try {
    // Z_SYNC_FLUSH: the input may end anywhere. A few hundred bytes give a few hundred KB at the very most.
    return inflateRawSync(packed, { finishFlush: zlib.Z_SYNC_FLUSH, chunkSize: 1024 });
  } catch {
    return Buffer.alloc(0); // unpacking the whole of it will tell what is wrong
  }
}

function wrongSize(entry: ZipEntry, held: string, cause?: unknown): BakeError {
  const message = `${entry.name} is said to hold ${entry.size} bytes, but holds ${held}.`;
  return new BakeError('ENTRY_SIZE', message, { cause });
}
