import { randomInt } from 'node:crypto';

// Without 0, 1, and so without what looks like o and l.
const LOWER = 'abcdefghijklmnopqrstuvwxyz23456789';
const ALL = `${LOWER}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;

/** A random code for attempt 0, 1, …: three characters, from a larger alphabet after 20 collisions, four after 40. */
export function newCode(attempt: number, random: (max: number) => number = randomInt): string {
  const alphabet = attempt < 20 ? LOWER : ALL;
  const length = attempt < 40 ? 3 : 4;
  return Array.from({ length }, () => alphabet[random(alphabet.length)]).join('');
}
