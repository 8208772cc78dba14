import { secondsToCallbacks, withTestServices } from './test-service.ts';

/** Seconds from the first POST to the last callback, an entry for each round. */
export interface BurstResult {
  /** The number of tapes at once. */
  readonly tapes: number;
  readonly own: number[];
  /** By the service of another checkout; empty where there is none. */
  readonly other: number[];
}

/** Sends every tape (files by name) `times` times at once, in each round to this service and to another checkout's. */
export async function burst(
  tapes: Readonly<Record<string, string>>,
  times: number,
  rounds: number,
  against?: string,
): Promise<BurstResult> {
  const names = Array.from({ length: times }, () => Object.keys(tapes)).flat();
  const others = against === undefined ? [] : [{ env: {}, checkout: against }];
  return withTestServices(tapes, [{ env: {} }, ...others], async ([own, other]) => {
    const result: BurstResult = { tapes: names.length, own: [], other: [] };
    // The first round fills caches, and does not count.
    for (let round = 0; round <= rounds; round++) {
      const seconds = await secondsToCallbacks(own!, names, `own-${round}`);
      const otherSeconds = other && (await secondsToCallbacks(other, names, `other-${round}`));
      if (round === 0) continue;
      result.own.push(seconds);
      if (otherSeconds !== undefined) result.other.push(otherSeconds);
    }
    return result;
  });
}
