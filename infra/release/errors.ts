/** A release that can't be built; its message is for whoever deploys. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
}
