/** Levels of nested arrays and objects. Later readers of the JSON may use recursion. */
export const MAX_DEPTH = 32;

/** The fault of untrusted JSON; undefined if there is none. Uses no recursion, since the value may be nested as deep as it is long. */
export function jsonFault(value: unknown): string | undefined {
  const pending: { value: unknown; depth: number }[] = [{ value, depth: 1 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value: found, depth } = next;
    if (typeof found !== 'object' || found === null) continue;
    if (depth > MAX_DEPTH) return `must not be nested deeper than ${MAX_DEPTH} levels`;
    // Code that copies fields by assignment would change an object's prototype by this name.
    if (Object.hasOwn(found, '__proto__')) return 'must not have a field named __proto__';
    for (const inner of Object.values(found)) pending.push({ value: inner, depth: depth + 1 });
  }
  return undefined;
}
