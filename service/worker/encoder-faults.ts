/** Finds out whose fault it is that the encoder fails: the tape's, or this host's. */
import { EncoderOutput } from '../bake/errors.ts';
import { FfmpegError } from '../bake/ffmpeg.ts';
import { failureCodeOf, OvenError } from '../errors.ts';

/** Jobs whose last error is remembered. A forgotten one gets one more attempt. */
const MAX_REMEMBERED = 1000;
/** Exit codes from here on tell of a signal: ffmpeg's own is 255, and a shell adds 128. */
const SIGNALLED_FROM = 128;

/** Gives the error that a job fails with in place of one of its bake. */
export type EncoderFaults = (jobId: string, error: unknown, signal: AbortSignal) => Promise<unknown>;

/**
 * When the encoder has exited by itself, `bakeBuiltIn` tries it on tapes that every encoder bakes. If it throws, the host is at fault
 * (FFMPEG_BROKEN). Otherwise the tape is tried again, and the same error of the same job is then the tape's (TAPE_NOT_ENCODABLE).
 */
export function findEncoderFaults(bakeBuiltIn: (signal: AbortSignal) => Promise<void>): EncoderFaults {
  const lastErrors = new Map<string, string>();
  return async (jobId, error, signal) => {
    const words = ownExit(error);
    if (words === undefined) return error;
    const broken = await bakeBuiltIn(signal).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    signal.throwIfAborted();
    if (broken !== undefined) return new OvenError('FFMPEG_BROKEN', undefined, { cause: broken });
    const isSame = lastErrors.get(jobId) === words;
    lastErrors.delete(jobId);
    if (isSame) return new OvenError('TAPE_NOT_ENCODABLE', undefined, { cause: error });
    lastErrors.set(jobId, words);
    if (lastErrors.size > MAX_REMEMBERED) lastErrors.delete(lastErrors.keys().next().value!);
    return error;
  };
}

/** How the encoder exited and its last line, if it exited by itself: no signal ended it. */
export function ownExit(error: unknown): string | undefined {
  if (failureCodeOf(error) !== 'FFMPEG_FAILED') return undefined;
  const { message, cause: output } = error as Error;
  if (!(output instanceof EncoderOutput) || !(output.cause instanceof FfmpegError)) return undefined;
  const { exitCode, signal } = output.cause;
  if (signal !== undefined || exitCode === undefined || exitCode >= SIGNALLED_FROM) return undefined;
  const lastLine = output.message.trim().split('\n').at(-1)!;
  // Addresses differ from run to run.
  return `${message} ${lastLine.replaceAll(/0x[0-9a-f]+/gi, '')}`;
}
