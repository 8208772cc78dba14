import { expect } from 'vitest';
import { StorageError } from '../../service/storage/storage.ts';

/** Waits for `work` to fail, and returns its StorageError. Any other end fails the test. */
export async function failure(work: Promise<unknown>): Promise<StorageError> {
  const error = await work.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StorageError);
  // A public sentence: no address, no path, no key.
  expect((error as StorageError).message).toMatch(/^[A-Za-z ]+\.$/);
  return error as StorageError;
}
