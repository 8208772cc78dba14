/** A source of numbers in [0, 1): the same seed gives the same numbers on every run. */
export type Random = () => number;

/** Makes a seeded 32-bit xorshift source (Marsaglia 2003), since Math.random cannot be seeded. */
export function seeded(seed: number): Random {
  // Spread small seeds over all bits, so that seeds 1 and 2 begin far apart; zero would stay zero for ever.
  let state = Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 8; i++) next();
  return next;
}

/** Picks one of a list that is not empty. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}
