import { TICKS_PER_SECOND } from './plan/pictures.ts';

/*
 * A Matroska file of PNG pictures (RFC 9559, and RFC 8794 for EBML): the plainest container that ffmpeg reads and that gives
 * each picture a time of its own. No library writes one with pictures of this kind.
 */

/** Nanoseconds of a timestamp's unit: microseconds, in which every tick can be told from its neighbours. */
const TIMESTAMP_SCALE = 1000;
const TICKS_TO_UNITS = 1_000_000 / TICKS_PER_SECOND;
const TRACK = 1;

/** The beginning of the file, for pictures of `width` × `height`; any number of `pictureHead` and picture follow. */
export function fileHead(width: number, height: number): Buffer {
  const ebml = element(0x1a45dfa3, element(0x4282, Buffer.from('matroska')));
  const info = element(0x1549a966, element(0x2ad7b1, unsigned(TIMESTAMP_SCALE)));
  const video = element(0xe0, element(0xb0, unsigned(width)), element(0xba, unsigned(height)));
  const track = element(
    0xae,
    element(0xd7, unsigned(TRACK)),
    element(0x73c5, unsigned(TRACK)), // UID
    element(0x83, unsigned(1)), // video
    element(0x86, Buffer.from('V_MS/VFW/FOURCC')),
    element(0x63a2, bitmapInfo(width, height)),
    video,
  );
  // The segment has all the rest of the file: its size is not known yet.
  const segment = Buffer.concat([id(0x18538067), UNKNOWN_SIZE]);
  return Buffer.concat([ebml, segment, info, element(0x1654ae6b, track)]);
}

/** What stands before a picture of `bytes` that is shown at `start` ticks: a cluster of one block. */
export function pictureHead(start: number, bytes: number): Buffer {
  const timestamp = element(0xe7, unsigned(Math.round(start * TICKS_TO_UNITS)));
  // Track number as a varint, no time but the cluster's, and the flag of a keyframe.
  const block = Buffer.from([0x80 | TRACK, 0, 0, 0x80]);
  const blockHead = Buffer.concat([id(0xa3), size(block.length + bytes), block]);
  return Buffer.concat([
    id(0x1f43b675),
    size(timestamp.length + blockHead.length + bytes),
    timestamp,
    blockHead,
  ]);
}

/** BITMAPINFOHEADER, with the code by which ffmpeg knows PNG. */
function bitmapInfo(width: number, height: number): Buffer {
  const info = Buffer.alloc(40);
  info.writeUInt32LE(info.length, 0);
  info.writeInt32LE(width, 4);
  info.writeInt32LE(height, 8);
  info.writeUInt16LE(1, 12); // planes
  info.writeUInt16LE(32, 14); // bits of a pixel
  info.write('MPNG', 16, 'latin1');
  return info;
}

function element(name: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([id(name), size(body.length), body]);
}

function id(name: number): Buffer {
  const bytes = Math.ceil(name.toString(16).length / 2);
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(name, 0, bytes);
  return buffer;
}

/** A size as a varint of eight bytes. */
function size(bytes: number): Buffer {
  return Buffer.concat([Buffer.from([0x01, 0]), unsigned(bytes)]);
}
const UNKNOWN_SIZE = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

function unsigned(value: number): Buffer {
  const buffer = Buffer.alloc(6);
  buffer.writeUIntBE(value, 0, 6);
  return buffer;
}
