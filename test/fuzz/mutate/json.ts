import { pick, type Random } from '../../tapes/random.ts';
import { below, damage, oneIn } from './bytes.ts';

/** Values that stand where another is expected. */
const ODD: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1, 1e-9, 16.67, 1e10, 1e308, -1e308, 2 ** 53, 1_700_000_000_000],
  ...['', '0', '1e3', 'NaN', 'Infinity', '\0', '../..', '__proto__', 'ä😀', '\ud800', 'x'.repeat(5000)],
  ...[[], {}, [[]], [null], { length: -1 }, { toString: 1 }],
];

const KEYS = ['', 'length', '__proto__', 'constructor', 'duration', 'timestamp', 'frame', '0'];

/** A copy of a JSON value in which some values, keys and entries are changed. */
export function mutateJson(random: Random, value: unknown): unknown {
  if (oneIn(random, 12)) return pick(random, ODD);
  if (Array.isArray(value)) {
    const items = value.map((item) => (oneIn(random, 3) ? mutateJson(random, item) : item));
    if (items.length === 0 || !oneIn(random, 3)) return items;
    const at = below(random, items.length);
    return pick(random, [
      () => items.toSpliced(at, 1),
      () => items.toSpliced(at, 0, items[at]),
      () => items.toSpliced(at, 0, pick(random, ODD)),
      () => items.toReversed(),
    ])();
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).flatMap(([key, item]): [string, unknown][] => {
      if (oneIn(random, 12)) return [];
      const name = oneIn(random, 20) ? pick(random, KEYS) : key;
      return [[name, oneIn(random, 3) ? mutateJson(random, item) : item]];
    });
    return Object.fromEntries(entries);
  }
  if (typeof value === 'number' && oneIn(random, 2)) {
    return value * pick(random, [-1, 0, 0.001, 0.5, 1000, 1e6, 1e300, random()]);
  }
  if (typeof value === 'string' && oneIn(random, 2)) {
    const text = Buffer.from(value || 'x');
    return damage(random, text, text).toString();
  }
  return oneIn(random, 2) ? pick(random, ODD) : value;
}

/** JSON text of a changed value; in some cases damaged, nested without end, or in another encoding. */
export function mutateJsonText(random: Random, value: unknown): Buffer {
  const text = JSON.stringify(mutateJson(random, value)) ?? '';
  const bytes = Buffer.from(text);
  return pick(random, [
    () => bytes,
    () => bytes,
    () => bytes,
    () => damage(random, bytes, bytes),
    () => Buffer.from(pick(random, ['[', '{"a":', '[1,']).repeat(1 + below(random, 50_000))),
    () => Buffer.from(`\ufeff${text}`, pick(random, ['utf8', 'utf16le'] as const)),
    () =>
      Buffer.from(text.replaceAll(/\d+/g, () => pick(random, ['NaN', '-Infinity', '1e999', '00', '0x1']))),
  ])();
}
