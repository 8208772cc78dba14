import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { crc32, createInflateRaw, inflateRaw, inflateRawSync, constants as zlib } from 'node:zlib';
import { BakeError } from '../errors.ts';
import type { LocatedEntry, ZipEntry } from './zip-entry.ts';
import type { TapeFile } from './zip-file.ts';

const inflate = promisify(inflateRaw);

/** The unpacked bytes of an entry. Throws ENTRY_SIZE or ENTRY_CRC unless they have the size and the CRC-32 that the directory says. */
export async function unpackEntry(file: TapeFile, entry: ZipEntry): Promise<Buffer> {
  const packed = await file.read(entry.dataOffset, entry.packedSize);
  const bytes = entry.method === 'store' ? packed : await inflateWhole(packed, entry);
  if (bytes.length !== entry.size) throw wrongSize(entry, `${bytes.length}`);
  if (crc32(bytes) !== entry.crc32) throw wrongChecksum(entry);
  return bytes;
}

const PIECE_BYTES = 128 * 1024;

/** The same bytes in pieces, of which one is in memory. An error is thrown after the last good piece, or at the end. */
export async function* streamEntry(file: TapeFile, entry: ZipEntry): AsyncGenerator<Buffer> {
  const packed = readInPieces(file, entry);
  let [size, checksum] = [0, 0];
  for await (const piece of entry.method === 'store' ? packed : inflateInPieces(packed, entry)) {
    size += piece.length;
    if (size > entry.size) throw wrongSize(entry, 'more');
    checksum = crc32(piece, checksum);
    yield piece;
  }
  if (size !== entry.size) throw wrongSize(entry, `${size}`);
  if (checksum !== entry.crc32) throw wrongChecksum(entry);
}

async function* readInPieces(file: TapeFile, { dataOffset, packedSize }: ZipEntry): AsyncGenerator<Buffer> {
  for (let at = 0; at < packedSize; at += PIECE_BYTES) {
    yield await file.read(dataOffset + at, Math.min(PIECE_BYTES, packedSize - at));
  }
}

async function* inflateInPieces(packed: AsyncIterable<Buffer>, entry: ZipEntry): AsyncGenerator<Buffer> {
  const inflated = createInflateRaw({ chunkSize: PIECE_BYTES });
  const feeding = pipeline(packed, inflated);
  // `inflated` throws the same error where its reader reads on.
  feeding.catch(() => {});
  try {
    yield* inflated;
  } catch (cause) {
    throw inflateFault(cause, entry);
  }
}

async function inflateWhole(packed: Buffer, entry: ZipEntry): Promise<Buffer> {
  try {
    return await inflate(packed, { maxOutputLength: entry.size + 1 });
  } catch (cause) {
    throw inflateFault(cause, entry);
  }
}

function inflateFault(cause: unknown, entry: ZipEntry): unknown {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code === 'ERR_BUFFER_TOO_LARGE') return wrongSize(entry, 'more', cause);
  if (code === 'Z_BUF_ERROR') return wrongSize(entry, 'fewer', cause);
  if (!code.startsWith('Z_') || code === 'Z_MEM_ERROR') return cause;
  const message = `${entry.name} is damaged: its packed bytes can't be unpacked.`;
  return new BakeError('ENTRY_CRC', message, { cause });
}

/**
 * At least the first `length` unpacked bytes of an entry, or all of them. They come from the bytes that were read with its header, not
 * verified, where these suffice; otherwise from the whole entry, verified.
 */
export async function unpackHead(
  file: TapeFile,
  { entry, head }: LocatedEntry,
  length: number,
): Promise<Buffer> {
  const bytes = entry.method === 'store' ? head : inflateStart(head);
  return bytes.length >= Math.min(length, entry.size) ? bytes : await unpackEntry(file, entry);
}

function inflateStart(packed: Buffer): Buffer {
  try {
    // Z_SYNC_FLUSH: the input may end anywhere. A few hundred bytes give a few hundred KB at most.
    return inflateRawSync(packed, { finishFlush: zlib.Z_SYNC_FLUSH, chunkSize: 1024 });
  } catch {
    return Buffer.alloc(0); // the error comes from unpacking the whole entry
  }
}

function wrongChecksum(entry: ZipEntry): BakeError {
  return new BakeError('ENTRY_CRC', `${entry.name} is damaged: its checksum (CRC-32) is wrong.`);
}

function wrongSize(entry: ZipEntry, found: string, cause?: unknown): BakeError {
  const message = `${entry.name} is said to hold ${entry.size} bytes, but holds ${found}.`;
  return new BakeError('ENTRY_SIZE', message, { cause });
}
