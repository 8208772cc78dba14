import { runAllOrStop } from '../../lib/run-all.ts';
import { fileHead, pictureHead } from '../container/matroska.ts';
import {
  type Packet,
  type PictureTrack,
  readPackets,
  type TimedPacket,
  type Track,
} from '../container/packets.ts';
import { spoolPackets } from '../container/spool.ts';
import { BakeError } from '../errors.ts';
import type { RunOptions } from '../ffmpeg.ts';
import type { Pictures } from '../frames/pictures.ts';
import { TICKS_PER_SECOND } from '../plan/timeline.ts';
import { diskFull } from '../temp-folder.ts';
import { pictureArguments } from './command.ts';
import type { Piece } from './pieces.ts';
import type { VideoPlan } from './plan-video.ts';
import { runEncoder } from './run-encoder.ts';

/** Thrown where the encoders of a video's pieces gave streams of which one decoder can not play both. */
export class PiecesDiffer extends Error {
  override readonly name = 'PiecesDiffer';
}

/**
 * Encodes the pictures of a video, each piece by an encoder of its own, and gives the track to `write`. The pictures are taken as
 * opaque. At the first transparent pixel their encoding begins again, and lays all of them on black. Working files are made beside
 * `output`. Throws what `runEncoder`, `Pictures.readAll` and `write` throw, PiecesDiffer, VERIFY_FAILED, or DISK_FULL.
 */
export async function encodePictures(
  plan: VideoPlan,
  pictures: Pictures,
  output: string,
  run: RunOptions,
  write: (track: PictureTrack) => Promise<void>,
  onSamples: (samples: number) => void,
): Promise<void> {
  const encode: EncodeAll = (blend, signal, onTransparency) => {
    let count = 0;
    const onSample = () => onSamples(++count);
    return runAllOrStop<unknown>(signal, (signal) => {
      const encodePiece = <T>(
        piece: Piece,
        take: (track: Track, packets: AsyncIterable<TimedPacket>) => Promise<T>,
      ) =>
        runEncoder(
          pictureArguments({ ...plan, repeatsFrom: plan.repeatsFrom - piece.from, blend }),
          {
            input: toMatroska(pictures, plan, piece, signal),
            take: async (bytes) => {
              const { track, packets } = await readPackets(bytes);
              return await take(track, withTimes(packets, plan, piece, onSample)).catch((cause) => {
                throw diskFull(cause) ?? cause;
              });
            },
            ...(onTransparency && { onTransparency }),
          },
          { ...run, signal },
        );
      const [first, ...others] = plan.pieces;
      const spooled = others.map((piece, n) =>
        encodePiece(piece, async (track, packets) => ({
          track,
          read: await spoolPackets(`${output}.piece${n + 1}`, packets),
        })),
      );
      const written = encodePiece(first!, ({ description }, packets) => {
        const all = async function* () {
          yield* packets;
          for (const piece of spooled) {
            const { track, read } = await piece;
            if (Buffer.compare(track.description, description) !== 0) throw new PiecesDiffer();
            yield* read();
          }
        };
        const { width, height } = plan.geometry;
        return write({ description, width, height, packets: all() });
      });
      return [written, ...spooled];
    });
  };
  await blendWhereNeeded(encode, run.signal);
}

/** Encodes all pictures, laid on black where `blend` says so. */
type EncodeAll = (blend: boolean, signal: AbortSignal, onTransparency?: () => void) => Promise<unknown>;

async function blendWhereNeeded(encode: EncodeAll, signal: AbortSignal): Promise<void> {
  const transparent = new AbortController();
  try {
    await encode(false, AbortSignal.any([signal, transparent.signal]), () => transparent.abort());
    transparent.signal.throwIfAborted();
  } catch (error) {
    if (signal.aborted || !transparent.signal.aborted) throw error;
    await encode(true, signal);
  }
}

const MICROSECONDS = 1_000_000;

/**
 * The pictures of a piece as the Matroska file that ffmpeg reads, made while it is read: nothing is written to the disk, and the
 * encoder works while the tape is still being unpacked. Throws as `Pictures.readAll`.
 */
async function* toMatroska(
  pictures: Pictures,
  { samples, rate, constantRate }: VideoPlan,
  { from, to }: Piece,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  yield fileHead(pictures.width, pictures.height, rate);
  let next = from;
  const range = { from: from === 0 ? 0 : samples[from]!.picture, to: samples[to]?.picture };
  for await (const { picture, png } of pictures.readAll(signal, range)) {
    for (let first = true; samples[next]?.picture === picture; next++, first = false) {
      // The encoder repeats pictures by itself, up to the last sample.
      if (constantRate && !first && next < samples.length - 1) continue;
      yield pictureHead(((next - from) * MICROSECONDS) / rate, png.length);
      yield png;
    }
  }
}

/** Gives each packet of a piece, which comes under the number of its sample, the time of that sample. Throws VERIFY_FAILED where one is missing. */
async function* withTimes(
  packets: AsyncIterable<Packet>,
  { samples, rate }: VideoPlan,
  { from, to }: Piece,
  onSample: () => void,
): AsyncGenerator<TimedPacket> {
  let count = 0;
  for await (const { data, key, time } of packets) {
    const number = from + Math.round((time * rate) / 1000);
    const sample = number < to ? samples[number] : undefined;
    if (!sample) {
      throw new BakeError('VERIFY_FAILED', `The encoder gave a picture ${number} of ${samples.length}.`);
    }
    yield {
      data,
      key,
      start: sample.start / TICKS_PER_SECOND,
      end: sample.end / TICKS_PER_SECOND,
      last: number === samples.length - 1,
    };
    count++;
    onSample();
  }
  if (count !== to - from) {
    throw new BakeError('VERIFY_FAILED', `The encoder gave ${count} pictures instead of ${to - from}.`);
  }
}
