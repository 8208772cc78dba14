/** The self-check: bakes the built-in tapes in the running service, for /health. */
import { realpath, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { failureCodeOf, OvenError } from '../errors.ts';
import type { Reason } from '../health/probes.ts';
import type { Log } from '../lib/log.ts';

/** Milliseconds after the start: waiting requests and tapes come first. */
const DELAY_MS = 20_000;
/** Milliseconds between two looks at the encoder: an upgrade of the system may replace it at any time. */
const EVERY_MS = 60_000;
/** A retryable error counts only when it has come so many times in a row. */
const TRIES = 3;

export interface SelfCheckOptions {
  /** Bakes the built-in tapes; throws if one comes out wrong. */
  readonly bake: (signal: AbortSignal) => Promise<void>;
  /** A text that changes together with the encoder; '' if there is none. */
  readonly identify?: () => Promise<string>;
  readonly log: Pick<Log, 'info' | 'error'>;
  readonly delayMs?: number;
  readonly everyMs?: number;
}

export interface SelfCheck {
  /** What came out wrong the last time; undefined if nothing did, or before the first check. */
  fault(): Reason | undefined;
  /** Stops a check that runs, and waits for its end. */
  close(): Promise<void>;
}

/**
 * Checks the encoder of this host some seconds after the start, and again whenever the encoder has changed; while it fails, at every
 * look. Tapes are baked in any case: /health reports the fault.
 */
export function startSelfCheck(options: SelfCheckOptions): SelfCheck {
  const { bake, identify = identifyEncoder, log, delayMs = DELAY_MS, everyMs = EVERY_MS } = options;
  const stop = new AbortController();
  let fault: Reason | undefined;
  let failed = 0;
  let checkedEncoder: string | undefined;

  const check = async () => {
    const encoder = await identify();
    // The probes of /health report a missing encoder.
    if (encoder === '' || encoder === checkedEncoder) return;
    try {
      await bake(stop.signal);
      if (stop.signal.aborted) return;
      log.info({ encoder }, 'the built-in tapes came out right');
      [checkedEncoder, fault, failed] = [encoder, undefined, 0];
    } catch (error) {
      if (stop.signal.aborted) return;
      log.error({ err: error, encoder }, 'a built-in tape came out wrong');
      failed += 1;
      if (failed >= TRIES || !isRetryable(error)) fault = reasonOf(error);
    }
  };

  let looking = Promise.resolve();
  let timer = setTimeout(next, delayMs).unref();
  function next() {
    looking = check().finally(() => {
      if (!stop.signal.aborted) timer = setTimeout(next, everyMs).unref();
    });
  }
  return {
    fault: () => fault,
    close: async () => {
      stop.abort();
      clearTimeout(timer);
      await looking;
    },
  };
}

function isRetryable(error: unknown): boolean {
  return error instanceof OvenError && error.retryable;
}

function reasonOf(error: unknown): Reason {
  const code = failureCodeOf(error);
  return { code: 'SELF_CHECK', message: `A tape that is built in does not come out right [${code}].` };
}

/** The file of the encoder on the PATH, with everything that an upgrade changes about it; '' if there is none. */
export async function identifyEncoder(path = process.env.PATH ?? ''): Promise<string> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    try {
      const file = await realpath(join(folder, 'ffmpeg'));
      const { ino, size, mtimeMs, ctimeMs } = await stat(file);
      return [file, ino, size, mtimeMs, ctimeMs].join(' ');
    } catch {
      // not in this folder
    }
  }
  return '';
}
