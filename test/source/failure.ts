import { expect } from 'vitest';
import { SourceError } from '../../service/source/errors.ts';

/** Waits for `work` to fail, and returns its SourceError. Any other end fails the test. */
export async function failure(work: Promise<unknown>): Promise<SourceError> {
  const error = await work.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SourceError);
  // A public sentence: no path, no query, no key.
  expect((error as SourceError).message).toMatch(/^[^\n/?]+\.$/);
  return error as SourceError;
}
