import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `ask` again and again until it gives something other than undefined or false, and gives that. Throws after
 * `seconds`, naming `what`; an error of `ask` counts as "not yet".
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 30,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (let last: unknown; ; ) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
    await delay(20);
  }
}
