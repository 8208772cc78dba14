const underWay = new Set<unknown>();
const answered = new WeakMap<Response, unknown>();

/**
 * fetch that keeps the Request it is given, as long as its answer is. The client library makes Requests, and Node
 * forgets a Request's signal with the Request when memory is cleared up, after which nothing aborts it any more.
 */
export const holdingFetch: typeof fetch = async (input, init) => {
  underWay.add(input);
  try {
    const answer = await fetch(input, init);
    answered.set(answer, input);
    return answer;
  } finally {
    underWay.delete(input);
  }
};

/** Doesn't wait longer than `signal` says, whatever `work` makes of it: the library renews sessions without a signal. */
export async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let give = () => {};
  const aborted = new Promise<never>((_, reject) => {
    give = () => reject(signal.reason);
    signal.addEventListener('abort', give, { once: true });
    if (signal.aborted) give();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', give);
  }
}
