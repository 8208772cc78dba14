/** A release can't be built. The message is for the operator. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
}
