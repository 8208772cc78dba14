/** Cores that encoders of this process keep at work. */
let busy = 0;

/**
 * Runs `work` with as many of the machine's `cores` as are idle: at most `most`, and at least one. A burst of tapes gains by
 * baking several at once, and a tape that is alone by several encoders.
 */
export async function withIdleCores<T>(
  cores: number,
  most: number,
  work: (cores: number) => Promise<T>,
): Promise<T> {
  const taken = Math.max(1, Math.min(most, cores - busy));
  busy += taken;
  try {
    return await work(taken);
  } finally {
    busy -= taken;
  }
}
