/** How long this process leaves requests waiting because it computes. */
import type { Reason } from './probes.ts';

export interface EventLoopMonitor {
  /** The reason why it is unhealthy: the longest delay of the last minute. */
  judge(): readonly Reason[];
  close(): void;
}

/** From so many milliseconds on a delay is told: callers notice it, and a busy host alone does not cause it. */
const MAX_DELAY_MS = 1000;
const WINDOW_MS = 60_000;
/** A timer is due so often; it comes late by the delay. Node's own histogram loses the delay that follows a reset. */
const EVERY_MS = 100;

/** Watches the event loop from now on. */
export function monitorEventLoop(
  maxDelayMs = MAX_DELAY_MS,
  now: () => number = () => performance.now(),
): EventLoopMonitor {
  let delays: { readonly at: number; readonly ms: number }[] = [];
  let last = now();
  const measure = () => {
    const time = now();
    const ms = time - last - EVERY_MS;
    last = time;
    if (ms >= maxDelayMs) delays.push({ at: time, ms });
  };
  const timer = setInterval(measure, EVERY_MS).unref();
  return {
    judge: () => {
      const time = now();
      delays = delays.filter(({ at }) => time - at < WINDOW_MS);
      if (delays.length === 0) return [];
      const longest = Math.max(...delays.map(({ ms }) => ms)) / 1000;
      const message = `The service answered nothing for ${longest.toFixed(1)} s within the last minute.`;
      return [{ code: 'EVENT_LOOP', message }];
    },
    close: () => clearInterval(timer),
  };
}
