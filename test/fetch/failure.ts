import { expect } from 'vitest';
import { FetchError } from '../../service/fetch/errors.ts';

/** Waits for `work` to fail, and gives the FetchError it failed with: anything else fails the test. */
export async function failure(work: Promise<unknown>): Promise<FetchError> {
  const error = await work.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FetchError);
  // A sentence that anybody may read: no path, no query, no key.
  expect((error as FetchError).message).toMatch(/^[^\n/?]+\.$/);
  return error as FetchError;
}
