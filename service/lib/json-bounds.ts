/** Levels of arrays and objects: what reads JSON further on may do so by recursion. */
export const MAX_DEPTH = 32;

/** What is wrong with JSON from a stranger, or undefined. Walks without recursion, as it may be as deep as it is long. */
export function jsonFault(value: unknown): string | undefined {
  const pending: { value: unknown; depth: number }[] = [{ value, depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value: found, depth } = next;
    if (typeof found !== 'object' || found === null) continue;
    if (depth > MAX_DEPTH) return `must not be nested deeper than ${MAX_DEPTH} levels`;
    // A name that makes an object something else in the hands of careless code.
    if (Object.hasOwn(found, '__proto__')) return 'must not have a field named __proto__';
    for (const inner of Object.values(found)) pending.push({ value: inner, depth: depth + 1 });
  }
  return undefined;
}
