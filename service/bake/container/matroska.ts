/*
 * Elements of EBML (RFC 8794), of which Matroska and WebM files consist, and the Matroska file (RFC 9559) in which ffmpeg gets
 * the pictures. Matroska is the plainest container that ffmpeg reads and that gives each picture a time of its own. No library
 * writes one of PNGs.
 */

/** An element: its ID, its size in as few bytes as possible, and its content. */
export function element(id: number, ...content: readonly Uint8Array[]): Buffer {
  const bytes = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([elementHead(id, bytes), ...content]);
}

/** The ID and the size of an element whose content has `bytes` bytes. */
export function elementHead(id: number, bytes: number): Buffer {
  return Buffer.concat([elementId(id), size(bytes)]);
}

/** An ID alone: before UNKNOWN_SIZE, and in lists of where elements are. */
export function elementId(id: number): Buffer {
  return bigEndian(id, bytesOf(id));
}

/** The size of an element that lasts to the end of the file. */
export const UNKNOWN_SIZE = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

export function unsigned(value: number): Buffer {
  return bigEndian(value, bytesOf(value));
}

/** A number in six bytes, so that a later value can be written over it. */
export function unsignedOfSix(value: number): Buffer {
  return bigEndian(value, 6);
}

/** A size in eight bytes, so that a later value can be written over it. */
export function sizeOfEight(bytes: number): Buffer {
  return Buffer.concat([Buffer.from([0x01, 0]), bigEndian(bytes, 6)]);
}

export function signed(value: number): Buffer {
  const buffer = Buffer.alloc(6);
  buffer.writeIntBE(value, 0, 6);
  return buffer;
}

export function float(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(value);
  return buffer;
}

export function text(value: string): Buffer {
  return Buffer.from(value, 'utf8');
}

/** A size as a number of one to six bytes: a zero bit for each further byte, a one, and the value. */
function size(bytes: number): Buffer {
  for (let length = 1; length <= 6; length++) {
    // A value of all ones means an unknown size.
    if (bytes < 2 ** (7 * length) - 1) return bigEndian(2 ** (7 * length) + bytes, length);
  }
  throw new RangeError(`an element of ${bytes} bytes`);
}

function bytesOf(value: number): number {
  return Math.max(1, Math.ceil(value.toString(16).length / 2));
}

function bigEndian(value: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  buffer.writeUIntBE(value, 0, length);
  return buffer;
}

/** Nanoseconds in the unit of the picture file's times: a microsecond. */
const TIMESTAMP_SCALE = 1000;
const TRACK = 1;

/**
 * The beginning of a Matroska file of PNGs of `width` × `height` pixels, `rate` a second. Any number of pairs of `pictureHead` and
 * PNG follow it.
 */
export function fileHead(width: number, height: number, rate: number): Buffer {
  const ebml = element(0x1a45dfa3, element(0x4282, text('matroska')));
  const info = element(0x1549a966, element(0x2ad7b1, unsigned(TIMESTAMP_SCALE)));
  const video = element(0xe0, element(0xb0, unsigned(width)), element(0xba, unsigned(height)));
  const track = element(
    0xae,
    element(0xd7, unsigned(TRACK)),
    element(0x73c5, unsigned(TRACK)), // UID
    element(0x83, unsigned(1)), // video
    // Without a default duration, the last of few pictures lasts for nothing, which libvpx refuses.
    element(0x23e383, unsigned(Math.round(1_000_000_000 / rate))),
    element(0x86, text('V_MS/VFW/FOURCC')),
    element(0x63a2, bitmapInfo(width, height)),
    video,
  );
  // The segment holds the rest of the file, so its size is not known yet.
  return Buffer.concat([ebml, elementId(0x18538067), UNKNOWN_SIZE, info, element(0x1654ae6b, track)]);
}

/** The cluster and block that stand before a PNG of `bytes` bytes, shown at `microseconds`. */
export function pictureHead(microseconds: number, bytes: number): Buffer {
  const timestamp = element(0xe7, unsigned(Math.round(microseconds)));
  // The track number as a varint, the time from the cluster's (0), and the flag of a keyframe.
  const block = Buffer.from([0x80 | TRACK, 0, 0, 0x80]);
  const blockHead = Buffer.concat([elementHead(0xa3, block.length + bytes), block]);
  const cluster = elementHead(0x1f43b675, timestamp.length + blockHead.length + bytes);
  return Buffer.concat([cluster, timestamp, blockHead]);
}

/** A BITMAPINFOHEADER with the code by which ffmpeg knows PNG. */
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
