/** The middle of the values, or the mean of the two middle ones; NaN of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The mean that is right for ratios: half as fast and twice as fast together give 1. NaN of none. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The median over the rounds of a run, of `slow` over `fast` in the same round: what drifts in both cancels out. */
export function pairwiseRatio(slow: readonly number[], fast: readonly number[]): number {
  return median(slow.map((value, round) => value / fast[round]!));
}

/** The largest distance from zero; 0 of none. */
export function worst(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** The smallest of the values that so many percent are not above; NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
