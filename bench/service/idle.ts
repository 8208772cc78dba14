import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bake } from '../../service/bake/bake.ts';
import { plainCommand } from '../contenders.ts';
import { timeCommand } from '../measure.ts';
import { secondsToCallbacks, withTestServices } from './test-service.ts';

/** Seconds of one tape, an entry for each round. */
export interface IdleResult {
  readonly tape: string;
  /** From POST /bake to the callback. */
  readonly service: number[];
  /** The same by the service of another checkout; empty where there is none. */
  readonly against: number[];
  /** The bake itself, called as a library in a process that has baked before. */
  readonly bare: number[];
  /** The plain recipe, as a whole process. */
  readonly plain: number[];
}

/** Measures tapes one at a time through a service that has nothing else to do. `tapes` are files by name. */
export async function idle(
  tapes: Readonly<Record<string, string>>,
  rounds: number,
  against?: string,
): Promise<IdleResult[]> {
  const others = against === undefined ? [] : [{ env: {}, checkout: against }];
  const folder = await mkdtemp(join(tmpdir(), 'bench-idle-'));
  try {
    return await withTestServices(tapes, [{ env: {} }, ...others], async ([own, other]) => {
      const results: IdleResult[] = [];
      for (const [tape, file] of Object.entries(tapes)) {
        const result: IdleResult = { tape, service: [], against: [], bare: [], plain: [] };
        // The first round fills caches, and does not count.
        for (let round = 0; round <= rounds; round++) {
          const seconds = {
            service: await secondsToCallbacks(own!, [tape], `own-${round}`),
            against: other && (await secondsToCallbacks(other, [tape], `other-${round}`)),
            bare: await bareBake(file, join(folder, 'bare')),
          };
          if (round === 0) continue;
          result.service.push(seconds.service);
          result.bare.push(seconds.bare);
          if (seconds.against !== undefined) result.against.push(seconds.against);
        }
        // It takes most of the time, and varies least.
        result.plain.push((await timeCommand(plainCommand(file, join(folder, 'plain')))).seconds);
        results.push(result);
      }
      return results;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bareBake(file: string, outDir: string): Promise<number> {
  const started = performance.now();
  await bake(file, { outDir, name: 'bare' });
  return (performance.now() - started) / 1000;
}
