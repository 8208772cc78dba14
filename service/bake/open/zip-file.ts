import { constants, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { BakeError } from '../errors.ts';
import { type Limits, limitError } from '../limits.ts';

/** Errors of open(2) for a wrong path, not a fault of the machine. */
const NOT_THERE = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
]);

/** The ZIP on disk. It is opened once, so that every read is of the same file, whatever happens to its name. */
export class TapeFile {
  readonly #handle: FileHandle;
  /** Bytes when it was opened. */
  readonly size: number;

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  /** Exactly `length` bytes from `offset`. Throws ZIP_TRUNCATED for a file that ends before. */
  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, offset + filled);
      if (bytesRead === 0) throw this.#endsEarly(offset + length);
      filled += bytesRead;
    }
    return bytes;
  }

  /**
   * Reads up to `bytes.length` bytes from `offset`, and gives their number. It blocks, so it is for a few hundred bytes of a file that
   * was just written. It takes a tenth of the time of an asynchronous read.
   */
  peek(bytes: Buffer, offset: number): number {
    return readSync(this.#handle.fd, bytes, 0, bytes.length, offset);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #endsEarly(needed: number): BakeError {
    return new BakeError('ZIP_TRUNCATED', `The ZIP ends at ${this.size} bytes; ${needed} are needed.`);
  }
}

/** Opens the ZIP, and checks the kind and size of the file. Throws TAPE_NOT_FOUND, TAPE_TOO_LARGE or NOT_A_ZIP. */
export async function openFile(path: string, limits: Limits): Promise<TapeFile> {
  const handle = await openForReading(path);
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new BakeError('TAPE_NOT_FOUND', 'The tape is a folder, not a ZIP file.');
    if (!stat.isFile()) throw new BakeError('TAPE_NOT_FOUND', 'The tape is not an ordinary file.');
    if (stat.size === 0) throw new BakeError('NOT_A_ZIP', 'The tape is an empty file.');
    if (stat.size > limits.zipBytes) {
      throw limitError(limits, 'zipBytes', `The ZIP has ${stat.size} bytes`);
    }
    return new TapeFile(handle, stat.size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    // O_NONBLOCK: otherwise opening a named pipe waits for a writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (!NOT_THERE.has(code)) throw cause;
    const why = code === 'ENOENT' || code === 'ENOTDIR' ? 'There is no such file' : "The tape can't be read";
    throw new BakeError('TAPE_NOT_FOUND', `${why} (${code}).`, { cause });
  }
}
