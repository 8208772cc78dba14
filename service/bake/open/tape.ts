import type { BakeError, BakeWarning } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { classifyEntries, type EntryKind } from './contents.ts';
import { checkFrames, type FrameShape, frameFault, parsePngHeader } from './frame-headers.ts';
import { parseMetadata, type TapeMetadata } from './json.ts';
import { parseTiming } from './timing/timing.ts';
import { streamEntry, unpackEntry } from './unpack-entry.ts';
import { parseRecord, readDirectory } from './zip-directory.ts';
import { checkRecords, type LocatedEntry, locateEntries, type ZipEntry } from './zip-entry.ts';
import { openFile, type TapeFile } from './zip-file.ts';

export type { TapeMetadata } from './json.ts';
export type { ZipEntry } from './zip-entry.ts';

/** An open tape. Everything is checked but the bytes of its entries, which `read` checks. */
export interface Tape extends AsyncDisposable {
  /** In the order they are shown; at least one. */
  readonly frames: readonly ZipEntry[];
  /** Pixels, of every frame. */
  readonly width: number;
  /** Pixels, of every frame. */
  readonly height: number;
  /** Whether pictures need an alpha channel by the frames' headers: not all frames are 8-bit RGB. */
  readonly alpha: boolean;
  /** Milliseconds for which each frame is shown. */
  readonly durations: readonly number[];
  /** The soundtrack, if there is one. It may still be unreadable. */
  readonly sound: ZipEntry | undefined;
  readonly metadata: TapeMetadata;
  readonly warnings: readonly BakeWarning[];
  /** An entry's bytes, unpacked and verified. Throws ENTRY_SIZE, ENTRY_CRC, ZIP_TRUNCATED or, for a frame, FRAME_…. */
  read(entry: ZipEntry): Promise<Buffer>;
  /** The bytes of an entry other than a frame, in pieces, verified at the end. Throws as `read`. */
  stream(entry: ZipEntry): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens the ZIP at `path`, and checks everything that needs no unpacking of frames. Throws a BakeError whose message names the entry
 * and never the path. The caller closes the tape.
 */
export async function openTape(path: string, limits: Limits): Promise<Tape> {
  const file = await openFile(path, limits);
  try {
    return await readTape(file, limits);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readTape(file: TapeFile, limits: Limits): Promise<Tape> {
  const directory = await readDirectory(file, limits);
  const contents = classifyEntries(directory.names, limits);
  const { parts } = contents;
  const records = parts.map((part) => ({
    ...parseRecord(directory.records[part.index]!, directory.base),
    ...part,
  }));
  checkRecords(records, limits);
  const located = await locateEntries(file, records, directory.offset);
  const only = (kind: EntryKind) => located.find(({ entry }) => entry.kind === kind);
  const frames = located.filter(({ entry }) => entry.kind === 'frame');

  const metadata = parseMetadata(await unpackOptional(file, only('metadata')));
  const timingBytes = await unpackOptional(file, only('timing'));
  const timing = parseTiming(timingBytes, contents, limits, metadata.total);
  const shape = await checkFrames(file, frames, limits);
  return {
    frames: frames.map(({ entry }) => entry),
    ...shape,
    durations: timing.durations,
    sound: only('sound')?.entry,
    metadata,
    warnings: [...directory.warnings, ...contents.warnings, ...timing.warnings],
    read: (entry) => readEntry(file, entry, shape, limits),
    stream: (entry) => streamEntry(file, entry),
    close: () => file.close(),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function unpackOptional(
  file: TapeFile,
  located: LocatedEntry | undefined,
): Promise<Buffer | undefined> {
  return located && (await unpackEntry(file, located.entry));
}

async function readEntry(
  file: TapeFile,
  entry: ZipEntry,
  shape: FrameShape,
  limits: Limits,
): Promise<Buffer> {
  const bytes = await unpackEntry(file, entry);
  if (entry.kind === 'frame') {
    const fault: BakeError | undefined = frameFault(entry, parsePngHeader(bytes), shape, limits);
    if (fault) throw fault;
  }
  return bytes;
}
