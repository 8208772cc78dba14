/** Something that is not as it should be, in words that anybody may read. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}
