/** Why a file could not be stored or removed, in the words of the API. */
export const STORAGE_CODES = [
  'STORAGE_UNREACHABLE', // no connection, 5xx or 429
  'STORAGE_TIMEOUT',
  'STORAGE_REFUSED', // any other answer
  'STORAGE_MISCONFIGURED', // the bucket's name, the keys, or what they may do; of a folder, its place or its rights
  'STORAGE_FULL', // of a folder
  'STORAGE_CONFLICT', // another bake of the same tape went on storing the same file
  'SLUG_TAKEN', // the slug's files belong to another tape
] as const;

export type StorageCode = (typeof STORAGE_CODES)[number];

const MESSAGES: Readonly<Record<StorageCode, string>> = {
  STORAGE_UNREACHABLE: 'The storage can not be reached.',
  STORAGE_TIMEOUT: 'The storage is too slow.',
  STORAGE_REFUSED: 'The storage refused the file.',
  STORAGE_MISCONFIGURED: 'The storage is not set up as Oven needs it.',
  STORAGE_FULL: 'The storage is full.',
  STORAGE_CONFLICT: 'The same file is being stored by another bake.',
  SLUG_TAKEN: 'The files of this slug belong to another tape.',
};

/**
 * The one error that storing throws on purpose. `message` is fit to be shown to anybody: no key, address or path is in it;
 * `cause` may hold those.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageCode;

  constructor(code: StorageCode, options?: { cause?: unknown }) {
    super(MESSAGES[code], options);
    this.code = code;
  }

  /** Whether the same tape may be stored later: all but SLUG_TAKEN is the storage's fault, not the tape's. */
  get retryable(): boolean {
    return this.code !== 'SLUG_TAKEN';
  }
}
