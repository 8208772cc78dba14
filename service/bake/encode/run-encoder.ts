import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { BakeError, EncoderOutput, frameCorrupt } from '../errors.ts';
import { errorOfRun, FfmpegError, ffmpegMissing, type RunOptions, startFfmpeg } from '../ffmpeg.ts';
import { PACKETS_FD, TRANSPARENCY_KEY } from './command.ts';

/** Milliseconds within which an abort follows when the same signal ended the encoder and this service. */
const ABORT_FOLLOWS_WITHIN_MS = 200;

/** What a run of the encoder reads, and what becomes of its packets. */
export interface EncoderStreams<T> {
  /** Its standard input; nothing when left out. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Takes the packets while the encoder runs. */
  readonly take: (packets: AsyncIterable<Uint8Array>) => Promise<T>;
  /** Called, perhaps often, when a picture has transparent pixels. */
  readonly onTransparency?: () => void;
}

/**
 * Runs ffmpeg to its end, and gives what `take` made of its packets. The run is killed with all its children when it makes no
 * progress for `stallSeconds`, when the signal aborts, or when `input` or `take` fails. It does not wait for the end of `input`. Throws
 * FFMPEG_MISSING, FFMPEG_STALLED, FFMPEG_FAILED, FRAME_CORRUPT, DISK_FULL, what `input` or `take` threw, or the signal's reason.
 */
export async function runEncoder<T>(
  args: readonly string[],
  { input, take, onTransparency }: EncoderStreams<T>,
  { ffmpeg, stallSeconds, niceness, signal }: RunOptions,
): Promise<T> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const messages = new EncoderMessages();
  const run = { ffmpeg, niceness, signal: AbortSignal.any([signal, stop.signal]) };
  const descriptors = [input ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'] as const;
  const { streams, ended } = await startFfmpeg(args, run, descriptors).catch((error) => {
    throw toEncoderError(error, messages);
  });
  const [stdin, progress, stderr] = streams;
  const output = streams[PACKETS_FD] as Readable;
  let stalled = false;
  // While `take` works on packets and asks for no more, ffmpeg waits for `take`, and does not stall.
  let isTaking = true;
  const timer = setTimeout(() => {
    if (isTaking) return timer.refresh();
    stalled = true;
    stop.abort();
  }, stallSeconds * 1000);
  const faults: { input?: unknown; take?: unknown } = {};
  if (input) {
    feed(input, stdin as Writable, (error) => {
      faults.input = error;
      // Otherwise it would take the end of the input for the end of the pictures.
      stop.abort();
    });
  }

  let allTaken = false;
  const packets = async function* (): AsyncGenerator<Uint8Array> {
    const asked = () => {
      isTaking = false;
      timer.refresh();
    };
    asked();
    for await (const bytes of output) {
      isTaking = true;
      yield bytes;
      asked();
    }
    allTaken = true;
  };
  const taking = take(packets()).catch((error: unknown) => {
    faults.take = error;
    // After the end of the packets, ffmpeg itself says best why they are incomplete.
    if (!allTaken) stop.abort();
    // The run ends only when all of its output is read, or can no longer be read.
    output.destroy();
  });
  stderr!.on('data', (bytes: Uint8Array) => {
    messages.add(bytes);
    if (messages.damaged || messages.tooMany) stop.abort();
  });
  try {
    for await (const event of progressEvents(linesOf(progress as Readable))) {
      if (event === 'transparent') onTransparency?.();
      else timer.refresh();
    }
    await ended;
    if (messages.damaged) throw frameCorrupt(new EncoderOutput(messages.end));
    const taken = await taking;
    if (faults.take !== undefined) throw faults.take;
    return taken as T;
  } catch (cause) {
    await taking;
    const error = await errorOfRun(ended, cause);
    if (error instanceof FfmpegError && error.signal) await waitForAbort(signal, stop.signal);
    signal.throwIfAborted();
    if (faults.input !== undefined) throw faults.input;
    if (stalled) {
      const message = `The encoder made no progress for ${stallSeconds} s and was stopped.`;
      const cause = new EncoderOutput(messages.end, { cause: error });
      throw new BakeError('FFMPEG_STALLED', message, { cause });
    }
    if (messages.damaged) throw frameCorrupt(new EncoderOutput(messages.end, { cause: error }));
    if (messages.tooMany) {
      const cause = new EncoderOutput(messages.end, { cause: error });
      const message = 'The encoder wrote messages without end and was stopped.';
      throw new BakeError('FFMPEG_FAILED', message, { cause });
    }
    if (faults.take !== undefined && stop.signal.aborted) throw faults.take;
    throw toEncoderError(error, messages);
  } finally {
    clearTimeout(timer);
  }
}

/** Writes `input` to the encoder. Its error goes to `onError`; an encoder that reads no more says itself why. */
function feed(input: AsyncIterable<Uint8Array>, stdin: Writable, onError: (error: unknown) => void): void {
  const source = async function* () {
    try {
      yield* input;
    } catch (error) {
      onError(error);
    }
  };
  pipeline(source(), stdin).catch(() => {});
}

/** Characters of a line at most. Only what comes before is lost of a longer one. */
const MAX_LINE = 4096;

/** Lines of a text that comes in pieces. A line without end takes no memory. */
async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + Buffer.from(piece).toString('latin1')).split('\n');
    rest = lines.pop()!.slice(-MAX_LINE);
    yield* lines;
  }
}

/** The lines of the standard output that tell something new. A line that repeats the one before is no progress. */
async function* progressEvents(lines: AsyncIterable<string>): AsyncGenerator<'transparent' | 'progress'> {
  const last = new Map<string, string>();
  for await (const line of lines) {
    const { kind } = parseProgressLine(line);
    if (kind === 'transparent') yield kind;
    if (kind === 'other' || last.get(kind) === line) continue;
    last.set(kind, line);
    yield 'progress';
  }
}

/**
 * The signal that ends the service may reach the encoder too, and the encoder's end may be seen before the service's own abort.
 */
async function waitForAbort(signal: AbortSignal, stop: AbortSignal): Promise<void> {
  if (!signal.aborted && !stop.aborted) {
    await delay(ABORT_FOLLOWS_WITHIN_MS, undefined, { signal }).catch(() => {});
  }
}

function toEncoderError(error: unknown, messages: EncoderMessages): unknown {
  if (!(error instanceof FfmpegError)) return error;
  const missing = ffmpegMissing(error);
  if (missing) return missing;
  const cause = new EncoderOutput(messages.end || error.message, { cause: error });
  if (messages.diskFull) {
    return new BakeError('DISK_FULL', 'There is no room left on the disk for the video.', { cause });
  }
  if (messages.unreadable) return frameCorrupt(cause);
  return new BakeError('FFMPEG_FAILED', `The encoder ${error.how}.`, { cause });
}

/** The meaning of one line of ffmpeg's standard output. */
export type ProgressLine =
  | { readonly kind: 'frames'; readonly frames: number }
  | { readonly kind: 'time'; readonly microseconds: number }
  | { readonly kind: 'transparent' }
  | { readonly kind: 'other' };

/** Reads a line that `-progress pipe:1` or the search for transparency writes. */
export function parseProgressLine(line: string): ProgressLine {
  const equals = line.indexOf('=');
  const key = line.slice(0, equals);
  const value = Number(line.slice(equals + 1));
  if (equals === -1 || !Number.isFinite(value)) return { kind: 'other' };
  if (key === 'frame') return { kind: 'frames', frames: value };
  if (key === 'out_time_us') return { kind: 'time', microseconds: value };
  if (key === TRANSPARENCY_KEY) return { kind: 'transparent' };
  return { kind: 'other' };
}

/** Characters that are kept of ffmpeg's last messages. */
const TAIL_CHARACTERS = 4096;
/** Bytes of messages at which a run is stopped. The largest tape with a warning for each picture has less than one of sixteen MiB. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** ffmpeg says this of a picture that lacks rows, and goes on with the old ones in their place, or of one that ends the run. */
const DAMAGED = /\[png @ .*(IEND without all image|inflate returned error)/;
/** ffmpeg says this when it fails because of its input. */
const UNREADABLE = /\[png @|Error while decoding|Error submitting.*decoder|Decoding error/;

/** ffmpeg's messages on its standard error. All of them are searched, and only the last are kept. */
export class EncoderMessages {
  #end = '';
  #damaged = false;
  #unreadable = false;
  #diskFull = false;
  #noMemory = false;
  #bytes = 0;

  add(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    // Together with the earlier text, since a message may come in pieces.
    const text = this.#end + Buffer.from(bytes).toString('latin1');
    this.#damaged ||= DAMAGED.test(text);
    this.#unreadable ||= UNREADABLE.test(text);
    this.#diskFull ||= text.includes('No space left on device');
    this.#noMemory ||= text.includes('Cannot allocate memory');
    this.#end = text.slice(-TAIL_CHARACTERS);
  }

  /** Whether a picture is damaged. ffmpeg need not fail because of it. */
  get damaged(): boolean {
    return this.#damaged;
  }

  /** Whether a failed run failed because of its input. */
  get unreadable(): boolean {
    return this.#unreadable && !this.#noMemory;
  }

  /** Whether there are more messages than a run has. */
  get tooMany(): boolean {
    return this.#bytes > MAX_MESSAGE_BYTES;
  }

  get diskFull(): boolean {
    return this.#diskFull;
  }

  /** The last lines. */
  get end(): string {
    return this.#end.trim();
  }
}
