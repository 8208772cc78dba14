/** Asks `ask` at most once in `ms` milliseconds: callers share one answer, or one failure, until then. */
export function cached<T>(
  ms: number,
  ask: () => Promise<T>,
  now: () => number = () => performance.now(),
): () => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    if (last === undefined || now() - last.at >= ms) last = { at: now(), answer: ask() };
    return last.answer;
  };
}
