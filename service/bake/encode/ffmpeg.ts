import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { ExecaError, execa } from 'execa';
import { BakeError, frameCorrupt } from '../errors.ts';
import { readSign } from './progress.ts';

const ABORT_COMES_WITHIN_MS = 200;

/** How one run of ffmpeg is watched. */
export interface Watch {
  /** The program: a name on PATH, or a path. */
  readonly ffmpeg: string;
  /** Seconds without any progress after which it is killed. */
  readonly stallSeconds: number;
  /** How far it stands back behind others for the processor: 0 to 19, as `nice` counts. */
  readonly niceness: number;
  readonly signal: AbortSignal;
  readonly onFrames?: (frames: number) => void;
  /** Called when a picture with transparent pixels was seen, perhaps often. */
  readonly onTransparency?: () => void;
}

/**
 * Runs ffmpeg to its end on `input`, and reads its progress. It is killed when it makes none for `stallSeconds` or the signal aborts.
 * Throws FFMPEG_MISSING, FFMPEG_STALLED, FFMPEG_FAILED, FRAME_CORRUPT, DISK_FULL, what
 * `input` threw, or the signal's reason.
 */
export async function runFfmpeg(
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
  watch: Watch,
): Promise<void> {
  watch.signal.throwIfAborted();
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), watch.stallSeconds * 1000);
  let fault: unknown;
  const fed = async function* () {
    try {
      yield* input;
    } catch (error) {
      fault = error;
      throw error;
    }
  };
  const running = execa(watch.ffmpeg, args, {
    stdin: fed(),
    // What it would have written is thrown away anyway, so that it needn't be asked to finish.
    killSignal: 'SIGKILL',
    cancelSignal: AbortSignal.any([watch.signal, stalled.signal]),
    buffer: { stdout: false },
  });
  if (running.pid !== undefined) standBack(running.pid, watch.niceness);
  const last = new Map<string, string>();
  try {
    for await (const line of running.iterable()) {
      const sign = readSign(line);
      if (sign.kind === 'transparent') watch.onTransparency?.();
      if (sign.kind === 'frames') watch.onFrames?.(sign.frames);
      // A number other than the one before is progress; that it merely writes lines is none.
      if (sign.kind === 'other' || last.get(sign.kind) === line) continue;
      last.set(sign.kind, line);
      timer.refresh();
    }
    await running;
  } catch (error) {
    if (error instanceof ExecaError && error.signal) await abortMayCome(watch.signal);
    watch.signal.throwIfAborted();
    if (fault !== undefined) throw fault;
    if (stalled.signal.aborted) {
      const message = `The encoder made no progress for ${watch.stallSeconds} s and was stopped.`;
      throw new BakeError('FFMPEG_STALLED', message, { cause: error });
    }
    throw faultOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** The threads that it starts inherit it. */
function standBack(pid: number, niceness: number): void {
  if (niceness === 0) return;
  try {
    setPriority(pid, niceness);
  } catch {
    // It has ended already.
  }
}

/**
 * Ctrl-C, or the end of a service, reaches the encoder as well as Oven, and may be seen to have ended the one before the
 * other hears of it.
 */
async function abortMayCome(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await delay(ABORT_COMES_WITHIN_MS, undefined, { signal }).catch(() => {});
}

function faultOf(error: unknown): unknown {
  if (!(error instanceof ExecaError)) return error;
  if (error.code === 'ENOENT' || error.code === 'EACCES') {
    return new BakeError('FFMPEG_MISSING', 'ffmpeg is not installed, or not on the PATH.', { cause: error });
  }
  const stderr = String(error.stderr ?? '');
  if (stderr.includes('No space left on device')) {
    return new BakeError('DISK_FULL', 'There is no room left on the disk for the video.', { cause: error });
  }
  if (/\[png @|Error while decoding|Error submitting.*decoder/.test(stderr)) {
    return frameCorrupt(error);
  }
  const how = error.signal ? `was ended by ${error.signal}` : `failed with exit code ${error.exitCode}`;
  return new BakeError('FFMPEG_FAILED', `The encoder ${how}.`, { cause: error });
}
