import { setTimeout as delay } from 'node:timers/promises';
import type { Proof } from './proofs.ts';

/** How often a proof is tried, and the milliseconds before the next attempt. */
const ATTEMPTS = 5;
const PAUSE_MS = 1000;

/** A candidate can't do something for good. The message is one line for whoever releases it. */
export class UnfitError extends Error {
  override readonly name = 'UnfitError';
}

export interface ProveOptions {
  readonly signal: AbortSignal;
  readonly onProven: (name: string) => void;
  readonly pauseMs?: number;
}

/** Goes through the proofs at once. What fails for a moment is tried again; throws UnfitError for what fails for good. */
export async function proveAll(proofs: readonly Proof[], options: ProveOptions): Promise<void> {
  await Promise.all(
    proofs.map(async (proof) => {
      await prove(proof, options);
      options.onProven(proof.name);
    }),
  );
}

async function prove({ name, prove: attempt }: Proof, { signal, pauseMs = PAUSE_MS }: ProveOptions) {
  for (let tried = 1; ; tried += 1) {
    try {
      signal.throwIfAborted();
      return await attempt();
    } catch (cause) {
      signal.throwIfAborted();
      if (tried < ATTEMPTS && !isForGood(cause)) {
        await delay(pauseMs, undefined, { signal });
        continue;
      }
      throw new UnfitError(`This release is not fit to run here: ${name}: ${reasonOf(cause)}`, { cause });
    }
  }
}

/** Configuration does not mend itself; a bake of a tape that is known to be good fails the same way again. */
function isForGood(error: unknown): boolean {
  const { code, passing } = (error ?? {}) as { code?: unknown; passing?: unknown };
  return passing === false || /MISCONFIGURED|_MISSING$|UNUSABLE|VERIFY_FAILED/.test(String(code));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed.';
  const { code } = error as { code?: unknown };
  const line = error.message.split('\n', 1)[0] ?? '';
  return typeof code === 'string' ? `${line} [${code}]` : line;
}
