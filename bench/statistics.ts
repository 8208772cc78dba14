/** The middle value, or the mean of the two middle ones; NaN for no values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The mean for ratios: half as fast and twice as fast give 1 together. NaN for no values. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The median over the rounds of `slow` divided by `fast` in the same round. A drift of the machine cancels out. */
export function pairwiseRatio(slow: readonly number[], fast: readonly number[]): number {
  return median(slow.map((value, round) => value / fast[round]!));
}

/** The largest distance from zero; 0 for no values. */
export function worst(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** The smallest value that at least `percent` percent of the values do not exceed; NaN for no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
