import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ExecaError, execa } from 'execa';
import { lowerPriority } from '../../lib/priority.ts';
import { BakeError, frameCorrupt } from '../errors.ts';
import { ffmpegMissing, ffmpegProcess, type RunOptions } from '../ffmpeg.ts';
import { PACKETS_FD, TRANSPARENCY_KEY } from './command.ts';

const ABORT_COMES_WITHIN_MS = 200;

/** What a run reads, and who takes what it writes. */
export interface Streams<T> {
  /** Its standard input; nothing when left out. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Takes the packets it writes, while it runs. */
  readonly take: (packets: AsyncIterable<Uint8Array>) => Promise<T>;
  /** Called when a picture with transparent pixels was seen, perhaps often. */
  readonly onTransparency?: () => void;
}

/**
 * Runs ffmpeg to its end, and gives what `take` made of its packets. It is killed, with all that it started, when it makes no progress for
 * `stallSeconds`, the signal aborts, or `take` fails. Of this process's environment it gets PATH only.
 * Throws FFMPEG_MISSING, FFMPEG_STALLED, FFMPEG_FAILED, FRAME_CORRUPT, DISK_FULL, what
 * `input` or `take` threw, or the signal's reason.
 */
export async function runEncoder<T>(
  args: readonly string[],
  { input, take, onTransparency }: Streams<T>,
  watch: RunOptions,
): Promise<T> {
  watch.signal.throwIfAborted();
  const stop = new AbortController();
  let stalled = false;
  // While `take` has what came and asks for no more, ffmpeg waits for it, and not the other way round.
  let isTaking = true;
  const timer = setTimeout(() => {
    if (isTaking) return timer.refresh();
    stalled = true;
    stop.abort();
  }, watch.stallSeconds * 1000);
  const faults: { input?: unknown; take?: unknown } = {};
  const words = new EncoderErrors();
  const running = execa(watch.ffmpeg, args, {
    stdio: [input ? noting(input, (error) => (faults.input = error)) : 'ignore', 'pipe', 'pipe', 'pipe'],
    ...ffmpegProcess(AbortSignal.any([watch.signal, stop.signal])),
  });
  if (running.pid !== undefined) lowerPriority(running.pid, watch.niceness);

  const output = running.stdio[PACKETS_FD] as Readable;
  let ended = false;
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
    ended = true;
  };
  const taking = take(packets()).catch((error: unknown) => {
    faults.take = error;
    // After the end of the packets, ffmpeg itself says best why they are not whole.
    if (!ended) stop.abort();
    // The run only ends when somebody has read all, or nobody can any more.
    output.destroy();
  });
  running.stderr.on('data', (bytes: Uint8Array) => {
    words.add(bytes);
    if (words.damaged) stop.abort();
  });
  try {
    for await (const sign of newSigns(running.iterable())) {
      if (sign === 'transparent') onTransparency?.();
      else timer.refresh();
    }
    await running;
    if (words.damaged) throw frameCorrupt(new Error(words.end));
    const taken = await taking;
    if (faults.take !== undefined) throw faults.take;
    return taken as T;
  } catch (error) {
    await taking;
    if (error instanceof ExecaError && error.signal) await abortMayCome(watch.signal, stop.signal);
    watch.signal.throwIfAborted();
    if (faults.input !== undefined) throw faults.input;
    if (stalled) {
      const message = `The encoder made no progress for ${watch.stallSeconds} s and was stopped.`;
      throw new BakeError('FFMPEG_STALLED', message, { cause: error });
    }
    if (words.damaged) throw frameCorrupt(new Error(words.end, { cause: error }));
    if (stop.signal.aborted) throw faults.take;
    throw faultOf(error, words);
  } finally {
    clearTimeout(timer);
  }
}

async function* noting(
  input: AsyncIterable<Uint8Array>,
  note: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* input;
  } catch (error) {
    note(error);
    throw error;
  }
}

/** What the lines of the standard output tell that they did not before: that it merely writes lines is no progress. */
async function* newSigns(lines: AsyncIterable<string>): AsyncGenerator<'transparent' | 'progress'> {
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
 * The end of a service may reach the encoder as well as Oven, and be seen to have ended the one before the other hears of it.
 */
async function abortMayCome(signal: AbortSignal, ours: AbortSignal): Promise<void> {
  if (!signal.aborted && !ours.aborted) {
    await delay(ABORT_COMES_WITHIN_MS, undefined, { signal }).catch(() => {});
  }
}

function faultOf(error: unknown, words: EncoderErrors): unknown {
  if (!(error instanceof ExecaError)) return error;
  const missing = ffmpegMissing(error);
  if (missing) return missing;
  const cause = new Error(words.end || error.shortMessage, { cause: error });
  if (words.diskFull) {
    return new BakeError('DISK_FULL', 'There is no room left on the disk for the video.', { cause });
  }
  if (words.unreadable) return frameCorrupt(cause);
  const how = error.signal ? `was ended by ${error.signal}` : `failed with exit code ${error.exitCode}`;
  return new BakeError('FFMPEG_FAILED', `The encoder ${how}.`, { cause });
}

/** What one line of ffmpeg's standard output tells. */
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

/** Characters that are kept of what ffmpeg said last. */
const TAIL_CHARACTERS = 4096;
/** Said of a picture whose rows are not all there, and then gone on with what is missing as it was; or of one that ends it. */
const DAMAGED = /\[png @ .*(IEND without all image|inflate returned error)/;
/** Said when it failed for what it read. */
const UNREADABLE = /\[png @|Error while decoding|Error submitting.*decoder|Decoding error/;

/** What ffmpeg says on its standard error: all is looked at, and only the end of it kept. */
export class EncoderErrors {
  #end = '';
  #damaged = false;
  #unreadable = false;
  #diskFull = false;
  #noMemory = false;

  add(bytes: Uint8Array): void {
    // With what came before, for a sentence may come in pieces.
    const text = this.#end + Buffer.from(bytes).toString('latin1');
    this.#damaged ||= DAMAGED.test(text);
    this.#unreadable ||= UNREADABLE.test(text);
    this.#diskFull ||= text.includes('No space left on device');
    this.#noMemory ||= text.includes('Cannot allocate memory');
    this.#end = text.slice(-TAIL_CHARACTERS);
  }

  /** A picture is damaged, though ffmpeg may not fail for it. */
  get damaged(): boolean {
    return this.#damaged;
  }

  /** Where ffmpeg failed: that it did for what it read. */
  get unreadable(): boolean {
    return this.#unreadable && !this.#noMemory;
  }

  get diskFull(): boolean {
    return this.#diskFull;
  }

  /** The last lines. */
  get end(): string {
    return this.#end.trim();
  }
}
