import { OvenError, type StorageCode } from '../errors.ts';

/** The one error that a storage throws on purpose: `message` names no key, address or path; `cause` may hold those. */
export class StorageError extends OvenError<StorageCode> {
  override readonly name = 'StorageError';

  constructor(code: StorageCode, options?: { cause?: unknown }) {
    super(code, undefined, options);
  }
}
