/** The display of many things done one after the other. */
export interface CountBar {
  /** So many of all have ended, so many of them failed. */
  readonly update: (ended: number, failed: number) => void;
  readonly end: () => void;
}

/** Shows a bar with rate and time left on a terminal, and nothing on another stream. `ended`: how many had ended before. */
export async function showCount(stream: NodeJS.WriteStream, total: number, ended = 0): Promise<CountBar> {
  if (!stream.isTTY) return { update: () => {}, end: () => {} };
  const { default: cliProgress } = await import('cli-progress');
  const columns = stream.columns || 80;
  const bar = new cliProgress.SingleBar(
    {
      stream,
      format: '{bar} {value}/{total}  {rest}',
      barsize: Math.min(40, Math.max(10, columns - 60)),
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
  const began = performance.now();
  bar.start(total, ended, { rest: '' });
  const update = (now: number, failed: number) =>
    bar.update(now, {
      rest: renderRest({ done: now - ended, left: total - now, failed, ms: performance.now() - began }),
    });
  return { update, end: () => bar.stop() };
}

/** Rate and time left after `done` have ended in `ms` milliseconds. */
export function renderRest(so: { done: number; left: number; failed: number; ms: number }): string {
  const { done, left, failed, ms } = so;
  const perMinute = done / (ms / 60_000);
  const parts = failed === 0 ? [] : [`${failed} failed`];
  if (done > 0 && ms > 0) {
    parts.unshift(`${perMinute < 10 ? perMinute.toFixed(1) : Math.round(perMinute)}/min`);
    if (left > 0) parts.splice(1, 0, `${renderLeft((left / perMinute) * 60)} left`);
  }
  return parts.join('  ');
}

function renderLeft(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
