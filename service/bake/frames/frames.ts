import { BakeError } from '../errors.ts';
import type { ImageProcess } from '../images/process.ts';
import { isOrdinary } from '../open/frame-headers.ts';
import type { Tape, ZipEntry } from '../open/tape.ts';
import { WrongAssumption } from './assumptions.ts';
import { isPlain, PngFault, type PngParts, readPng, unpackedBytes, unpackRows, writePng } from './png.ts';

/**
 * Bytes of ordinary pictures that are unpacked only to be looked at. The encoder's decoder tells every damage but a filter
 * that there is not, which no accident makes where the checksums are right: only a wrong encoder does, and then early on.
 */
const SAMPLE_BYTES = 4 * 1024 * 1024;

/** A frame as it was read: its entry's bytes, and what of them makes its pixels. */
export interface Frame {
  readonly entry: ZipEntry;
  readonly bytes: Buffer;
  readonly parts: PngParts;
}

/**
 * The frames of a tape as all outputs see them: ordinary PNGs, 8-bit sRGB with alpha or without, and nothing but their
 * pixels. Those that are so in the tape pass as they are; others are converted in the process for pictures.
 */
export class Frames {
  readonly #tape: Tape;
  readonly #images: ImageProcess;
  /** Whether all pictures have an alpha channel, or none. */
  readonly alpha: boolean;
  #sampled = 0;

  constructor(tape: Tape, alpha: boolean, images: ImageProcess) {
    this.#tape = tape;
    this.#images = images;
    this.alpha = alpha;
  }

  /** Reads frame `n`. Throws what is wrong with its entry, or FRAME_CORRUPT for a wrong checksum inside of it. */
  async read(n: number): Promise<Frame> {
    const entry = this.#tape.frames[n]!;
    const bytes = await this.#tape.read(entry);
    try {
      return { entry, bytes, parts: readPng(bytes) };
    } catch (error) {
      throw corrupt(entry, error);
    }
  }

  /** The picture as an ordinary PNG. Throws WrongAssumption, FRAME_CORRUPT, or what is in the way of converting it. */
  async picture(frame: Frame): Promise<Buffer> {
    const { bytes, parts } = frame;
    const { header, ihdr, data, transparency } = parts;
    if (!this.alpha && transparency) throw new WrongAssumption('alpha');
    if (!isOrdinary(header, this.alpha))
      return await this.#images.request({ ask: 'convert', png: writePng(parts) });
    if (this.#sampled < SAMPLE_BYTES) {
      this.#sampled += unpackedBytes(header);
      await this.check(frame);
    }
    return isPlain(bytes, parts) ? bytes : writePng({ ihdr, data });
  }

  /** Throws FRAME_CORRUPT unless all rows of the picture are there and sound. It costs about what decoding costs. */
  async check({ entry, parts }: Frame): Promise<void> {
    await unpackRows(parts).catch((error) => {
      throw corrupt(entry, error);
    });
  }
}

function corrupt({ name }: ZipEntry, error: unknown): unknown {
  if (!(error instanceof PngFault)) return error;
  return new BakeError('FRAME_CORRUPT', `${name} ${error.message}.`, { cause: error });
}
