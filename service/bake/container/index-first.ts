import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** Boxes that hold nothing but boxes, on the way to those that name places in the file. */
const FOLDERS = ['moov', 'trak', 'mdia', 'minf', 'stbl'];
const HEADER = 8;

/** An MP4 as it was written: what comes first (`ftyp`), the data (`mdat`), and the index (`moov`), which is known last. */
export interface Written {
  readonly path: string;
  readonly first: Uint8Array;
  readonly index: Uint8Array;
  /** Where the index begins in the file. */
  readonly indexAt: number;
}

/** Writes the MP4 anew with its index before its data, so that a player can begin before it has all. */
export async function writeIndexFirst({ path, first, index, indexAt }: Written, to: string): Promise<void> {
  const head = Buffer.concat([first, index]);
  settle(head.subarray(first.length), index.length);
  const data = createReadStream(path, { start: first.length, end: indexAt - 1 });
  await pipeline(async function* () {
    yield head;
    yield* data;
  }, createWriteStream(to));
}

/** Changes boxes in place: places in the file move by `bytes`, and when the file was made is left out, so that the same tape gives the same bytes. */
function settle(boxes: Buffer, bytes: number): void {
  for (let at = 0; at < boxes.length; ) {
    const size = boxes.readUInt32BE(at);
    const type = boxes.toString('latin1', at + 4, at + 8);
    const content = boxes.subarray(at + HEADER, at + size);
    if (FOLDERS.includes(type)) settle(content, bytes);
    if (type === 'stco')
      move(content, 4, (place) => content.writeUInt32BE(content.readUInt32BE(place) + bytes, place));
    if (type === 'co64')
      move(content, 8, (place) =>
        content.writeBigUInt64BE(content.readBigUInt64BE(place) + BigInt(bytes), place),
      );
    // Version 1 has times of eight bytes.
    if (['mvhd', 'tkhd', 'mdhd'].includes(type)) content.fill(0, 4, content[0] === 1 ? 20 : 12);
    at += size;
  }
}

/** The places of a chunk offset box: version and flags, their number, and then each in so many bytes. */
function move(content: Buffer, bytes: number, change: (place: number) => void): void {
  const count = content.readUInt32BE(4);
  for (let n = 0; n < count; n++) change(8 + n * bytes);
}
