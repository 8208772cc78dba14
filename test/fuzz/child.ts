import { setPriority } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { inputOf, load } from './target.ts';

/** Which inputs a process tries: `first`, `first + step` … below `end`, and none any more after so many milliseconds. */
export interface Work {
  /** The URL of the module that exports the target. */
  readonly module: string;
  readonly seed: number;
  readonly first: number;
  readonly step: number;
  readonly end: number;
  readonly ms: number;
  /** How far the process stands back behind others for the processor. */
  readonly niceness: number;
}

/** What a process tells: which input it begins; how one ended; its memory; figures at its end. */
export type Told =
  | { readonly began: number }
  | { readonly ended: number; readonly outcome: string }
  | { readonly ended: number; readonly finding: string }
  | { readonly memory: number }
  | { readonly figures: readonly string[] };

/** Inputs between two looks at the memory. */
const MEMORY_EVERY = 500;

async function work({ module, seed, first, step, end, ms }: Work): Promise<void> {
  const tell = (told: Told) => void process.send?.(told);
  const target = await load(module);
  const opened = await target.open();
  const started = performance.now();
  let next = first;
  let tried = 0;
  const lane = async () => {
    while (next < end && performance.now() - started < ms) {
      const n = next;
      next += step;
      tell({ began: n });
      try {
        tell({ ended: n, outcome: await opened.run(inputOf(target, seed, n)) });
      } catch (error) {
        tell({ ended: n, finding: describe(error) });
      }
      if (++tried % MEMORY_EVERY === 0) tell({ memory: memoryMiB() });
      await setImmediate(); // messages are sent in a turn of the event loop, and some targets need none
    }
  };
  await Promise.all(Array.from({ length: target.lanes ?? 1 }, lane));
  const figures = await opened.close().catch((error: unknown) => {
    tell({ ended: next - step, finding: describe(error) });
    return [];
  });
  process.send?.({ figures } satisfies Told, () => process.disconnect());
}

/** MiB that are still used after a collection, inside and outside of V8's heap. */
function memoryMiB(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

/** The error with its causes. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.name === 'Finding' ? error.message : (error.stack ?? error.message);
  return error.cause === undefined ? text : `${text}\n  because: ${describe(error.cause)}`;
}

process.once('message', (given) => {
  setPriority((given as Work).niceness);
  void work(given as Work);
});
