import { ExecaError, execa } from 'execa';
import { BakeError } from '../errors.ts';
import type { WavFormat } from './format.ts';
import type { Interleaved } from './samples.ts';

/** Samples a second of what is decoded. */
export const DECODED_RATE = 48_000;

/** How ffmpeg is run. */
export interface Runner {
  /** The program: a name on PATH, or a path. */
  readonly ffmpeg: string;
  readonly signal: AbortSignal;
}

/** Samples by which the sound that a decoder gives is late, by the format's number: measured, for none of these files tells it. */
const DELAYS: Readonly<Record<number, number>> = {
  66: 60, // G.723.1
  80: 481, // MPEG audio, layer 2
  85: 1105, // MP3, as nearly every encoder makes it
  8192: 256, // AC-3
};

/** The head of a WAV file of `bytes` bytes of samples, with nothing in it but what a decoder needs. Pure. */
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

/** ffmpeg's arguments to decode the WAV file at `path` to floats of one or two channels, at most `seconds` of them. Pure. */
export function decodeArguments(
  path: string,
  { tag }: WavFormat,
  channels: number,
  seconds: number,
): string[] {
  const limits = ['-max_alloc', `${64 * 1024 * 1024}`, '-protocol_whitelist', 'file,pipe'];
  const filter = `atrim=start_sample=${DELAYS[tag] ?? 0}`;
  const output = ['-ac', `${channels}`, '-ar', `${DECODED_RATE}`, '-f', 'f32le', 'pipe:1'];
  const input = ['-f', 'wav', '-i', path];
  return [
    '-nostdin',
    '-v',
    'fatal',
    ...limits,
    ...input,
    '-map',
    '0:a:0',
    '-af',
    filter,
    '-t',
    `${seconds}`,
    ...output,
  ];
}

/** How the decoded samples of a format lie in bytes. */
export function decodedAs({ channels }: WavFormat): Interleaved {
  return { coding: 'f32', channels: Math.min(2, channels), bigEndian: false };
}

/**
 * Decodes the WAV file at `path`: up to `seconds` of samples, as `decodedAs` says. What can't be decoded ends early, or
 * gives nothing: it is the sound's own fault. Throws FFMPEG_MISSING, FFMPEG_FAILED when it was killed, or the signal's reason.
 */
export async function* decodeSamples(
  path: string,
  format: WavFormat,
  seconds: number,
  { ffmpeg, signal }: Runner,
): AsyncGenerator<Buffer> {
  const decoding = execa(ffmpeg, decodeArguments(path, format, decodedAs(format).channels, seconds), {
    stdin: 'ignore',
    stderr: 'ignore',
    buffer: false,
    // Nothing of the service's environment, which has secrets.
    extendEnv: false,
    env: { PATH: process.env.PATH },
    killSignal: 'SIGKILL',
    cancelSignal: signal,
  });
  try {
    for await (const piece of decoding.iterable({ from: 'stdout', binary: true })) yield Buffer.from(piece);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ExecaError)) throw error;
    if (error.code === 'ENOENT' || error.code === 'EACCES') {
      throw new BakeError('FFMPEG_MISSING', 'ffmpeg is not installed, or not on the PATH.', { cause: error });
    }
    // Killed by the system for want of memory, as a rule; a decoder that crashes is this sound's fault.
    if (error.signal === 'SIGKILL' || error.signal === 'SIGTERM') {
      throw new BakeError('FFMPEG_FAILED', `The decoder was ended by ${error.signal}.`, { cause: error });
    }
    if (error.exitCode === undefined && !error.signal) throw error;
  }
}
