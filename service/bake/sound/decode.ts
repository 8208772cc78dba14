import type { Readable } from 'node:stream';
import { argv } from '../../lib/argv.ts';
import { BakeError } from '../errors.ts';
import {
  errorOfRun,
  FfmpegError,
  ffmpegMissing,
  GLOBAL,
  inputArguments,
  type RunOptions,
  startFfmpeg,
} from '../ffmpeg.ts';
import type { Interleaved } from './audio-samples.ts';
import type { WavFormat } from './wav.ts';

/** Audio samples a second of decoded sound. */
export const DECODED_RATE = 48_000;

/** Facts of a format that ffmpeg does not know. */
interface Peculiarity {
  /** Audio samples by which the decoded sound is late: measured, since none of these files tells it. */
  readonly delay?: number;
  readonly decoder?: string;
}

/** By the format's number. */
const PECULIARITIES: Readonly<Record<number, Peculiarity>> = {
  64: { decoder: 'g726le' }, // G.721: as G.726, but it begins with the lower half of a byte
  66: { delay: 60 }, // G.723.1
  80: { delay: 481 }, // MPEG audio, layer 2
  85: { delay: 1105 }, // MP3, as nearly every encoder makes it
  8192: { delay: 256 }, // AC-3
};

/** The decoders that a WAV file may ask for. The others, of films and games, are code that nobody needs. */
const DECODERS = [
  ...['u8', 's16le', 's24le', 's32le', 's64le', 'f16le', 'f24le', 'f32le', 'f64le', 'alaw', 'mulaw'].map(
    (coding) => `pcm_${coding}`,
  ),
  ...['ms', 'ima_wav', 'yamaha', 'swf', 'ct'].map((coding) => `adpcm_${coding}`),
  ...['g722', 'g723_1', 'g726', 'g726le', 'g729', 'gsm', 'gsm_ms', 'libgsm', 'libgsm_ms', 'truespeech'],
  ...['mp1float', 'mp1', 'mp2float', 'mp2', 'mp3float', 'mp3', 'ac3', 'eac3', 'dca', 'aac', 'flac'],
  ...['wmav1', 'wmav2', 'vorbis', 'opus', 'libopus'],
];

/** The head of a WAV file with `bytes` bytes of audio samples. It has only what a decoder needs. Pure. */
export function wavHead({ chunk }: WavFormat, bytes: number): Buffer {
  const padded = chunk.length + (chunk.length % 2);
  const head = Buffer.alloc(28 + padded);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(clampLength(20 + padded + bytes), 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(chunk.length, 16);
  chunk.copy(head, 20);
  head.write('data', 20 + padded, 'latin1');
  head.writeUInt32LE(clampLength(bytes), 24 + padded);
  return head;
}

function clampLength(bytes: number): number {
  return Math.min(bytes, 0xffffffff);
}

/** ffmpeg's arguments to decode the WAV file at `path` to floats of one or two channels, `seconds` at most. Pure. */
export function decodeArguments(
  path: string,
  { tag }: WavFormat,
  channels: number,
  seconds: number,
): string[] {
  const { delay = 0, decoder } = PECULIARITIES[tag] ?? {};
  return argv`
    ${GLOBAL} -v fatal
    ${inputArguments({ protocol: 'file', format: 'wav', decoders: DECODERS })}
    ${decoder ? ['-c:a', decoder] : []} -i ${path}
    -map 0:a:0 -af atrim=start_sample=${delay} -t ${seconds}
    -ac ${channels} -ar ${DECODED_RATE} -f f32le pipe:1
  `;
}

/** The layout of a format's decoded audio samples. */
export function decodedAs({ channels }: WavFormat): Interleaved {
  return { coding: 'f32', channels: Math.min(2, channels), bigEndian: false };
}

/**
 * Decodes `seconds` of the WAV file at `path` at most, as `decodedAs` says. Sound that can't be decoded ends early, or gives nothing.
 * Throws FFMPEG_MISSING, FFMPEG_STALLED, FFMPEG_FAILED when ffmpeg was killed, or the signal's reason.
 */
export async function* decodeSamples(
  path: string,
  format: WavFormat,
  seconds: number,
  { ffmpeg, stallSeconds, niceness, signal }: RunOptions,
): AsyncGenerator<Buffer> {
  const stop = new AbortController();
  let stalled = false;
  const timer = setTimeout(() => {
    stalled = true;
    stop.abort();
  }, stallSeconds * 1000);
  const args = decodeArguments(path, format, decodedAs(format).channels, seconds);
  const run = { ffmpeg, niceness, signal: AbortSignal.any([signal, stop.signal]) };
  let ended: Promise<void> | undefined;
  try {
    const decoder = await startFfmpeg(args, run, ['ignore', 'pipe', 'ignore']);
    ended = decoder.ended;
    for await (const piece of decoder.streams[1] as Readable) {
      timer.refresh();
      yield piece;
    }
    await ended;
  } catch (cause) {
    const error = await errorOfRun(ended, cause);
    signal.throwIfAborted();
    if (stalled) {
      const message = `The decoder of the sound made no progress for ${stallSeconds} s and was stopped.`;
      throw new BakeError('FFMPEG_STALLED', message, { cause: error });
    }
    const fault = toDecoderError(error);
    if (fault !== undefined) throw fault;
  } finally {
    clearTimeout(timer);
    // Whoever reads may want no more, and the decoder must not outlive that.
    stop.abort();
    await ended?.catch(() => {});
  }
}

/** The error of a decoder that was missing or killed; undefined for one that failed or crashed, which is the sound's fault. */
function toDecoderError(error: unknown): unknown {
  if (!(error instanceof FfmpegError)) return error;
  const missing = ffmpegMissing(error);
  if (missing) return missing;
  const { exitCode, signal } = error;
  const neverRan = exitCode === undefined && signal === undefined;
  // As a rule, the system killed it because memory was full.
  if (neverRan || signal === 'SIGKILL' || signal === 'SIGTERM') {
    return new BakeError('FFMPEG_FAILED', `The decoder ${error.how}.`, { cause: error });
  }
  return undefined;
}
