import { BakeError } from '../errors.ts';
import type { ImageProcess } from '../images/process.ts';
import { isOrdinary } from '../open/frame-headers.ts';
import type { Tape, ZipEntry } from '../open/tape.ts';
import { WrongAssumption } from './assumptions.ts';
import { isPlain, PngFault, type PngParts, readPng, unpackedBytes, unpackRows, writePng } from './png.ts';

/**
 * Ordinary frames are unpacked and checked up to so many bytes. The encoder's decoder reports every damage but an unknown
 * filter. Where checksums are right, an unknown filter is never an accident: it comes from a wrong encoder, and then early on.
 */
const CHECKED_BYTES = 4 * 1024 * 1024;

/** A frame as it was read: the bytes of its entry, and the parts of the PNG that make its pixels. */
export interface Frame {
  readonly entry: ZipEntry;
  readonly bytes: Buffer;
  readonly parts: PngParts;
}

/**
 * The frames of a tape as ordinary PNGs: 8-bit sRGB with alpha or without, and nothing but pixels. Frames that are ordinary in
 * the tape pass unchanged. The image process converts the others.
 */
export class Frames {
  readonly #tape: Tape;
  readonly #images: ImageProcess;
  /** Whether all ordinary PNGs have an alpha channel, or none. */
  readonly #alpha: boolean;
  #checkedBytes = 0;

  constructor(tape: Tape, alpha: boolean, images: ImageProcess) {
    this.#tape = tape;
    this.#images = images;
    this.#alpha = alpha;
  }

  /** Reads frame `n`. Throws what is wrong with its entry, or FRAME_CORRUPT for a wrong checksum inside the PNG. */
  async read(n: number): Promise<Frame> {
    const entry = this.#tape.frames[n]!;
    const bytes = await this.#tape.read(entry);
    try {
      return { entry, bytes, parts: readPng(bytes) };
    } catch (error) {
      throw toFrameCorrupt(entry, error);
    }
  }

  /** The frame as an ordinary PNG, and sound. Throws WrongAssumption, FRAME_CORRUPT, or why the image process failed. */
  async toOrdinary(frame: Frame, signal: AbortSignal): Promise<Buffer> {
    const { header } = frame.parts;
    if (isOrdinary(header, this.#alpha) && this.#checkedBytes < CHECKED_BYTES) {
      this.#checkedBytes += unpackedBytes(header);
      await this.check(frame);
    }
    return await this.toUnchecked(frame, signal);
  }

  /** The same, not checked: an ordinary frame may be damaged. */
  async toUnchecked({ bytes, parts }: Frame, signal: AbortSignal): Promise<Buffer> {
    const { header, ihdr, data, transparency } = parts;
    if (!this.#alpha && transparency) throw new WrongAssumption('alpha');
    if (!isOrdinary(header, this.#alpha)) {
      return await this.#images.request({ ask: 'convert', png: writePng(parts) }, signal);
    }
    return isPlain(bytes, parts) ? bytes : writePng({ ihdr, data });
  }

  /** Throws FRAME_CORRUPT unless all rows of the frame are there and sound. It costs about as much as decoding. */
  async check({ entry, parts }: Frame): Promise<void> {
    await unpackRows(parts).catch((error) => {
      throw toFrameCorrupt(entry, error);
    });
  }
}

function toFrameCorrupt({ name }: ZipEntry, error: unknown): unknown {
  if (!(error instanceof PngFault)) return error;
  return new BakeError('FRAME_CORRUPT', `${name} ${error.message}.`, { cause: error });
}
