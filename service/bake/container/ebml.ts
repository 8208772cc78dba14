/* Elements of EBML (RFC 8794), of which Matroska and WebM files are made. */

/** An element: its name, its size as short as can be, and its content. */
export function element(name: number, ...content: readonly Uint8Array[]): Buffer {
  const bytes = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([elementHead(name, bytes), ...content]);
}

/** What stands before the `bytes` of an element's content. */
export function elementHead(name: number, bytes: number): Buffer {
  return Buffer.concat([elementId(name), size(bytes)]);
}

/** The name alone: before UNKNOWN_SIZE, and in lists of where elements are. */
export function elementId(name: number): Buffer {
  return bigEndian(name, bytesOf(name));
}

/** Everything up to the end of the file. */
export const UNKNOWN_SIZE = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

export function unsigned(value: number): Buffer {
  return bigEndian(value, bytesOf(value));
}

/** In six bytes: what is only known later can be written over it. */
export function unsignedOfSix(value: number): Buffer {
  return bigEndian(value, 6);
}

/** A size of eight bytes: what is only known later can be written over it. */
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

/** A size as a number of one to six bytes: as many zero bits as further bytes follow, a one, and the number. */
function size(bytes: number): Buffer {
  for (let length = 1; length <= 6; length++) {
    // All ones would mean that the size is unknown.
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
