/** The parsers inside unzipper, of which its types tell nothing. */
declare module 'unzipper/lib/parseBuffer.js' {
  /** Reads little-endian numbers of 1, 2, 4 or 8 bytes, one after the other. Those beyond the end are null. */
  export function parse<Name extends string>(
    bytes: Buffer,
    fields: readonly (readonly [name: Name, bytes: number])[],
  ): Record<Name, number>;
}

declare module 'unzipper/lib/parseExtraField.js' {
  /** Replaces each of the values that is 0xffffffff by that of the ZIP64 field, or by null or undefined where there is none. */
  export default function parseExtraField(
    extraField: Buffer,
    values: Record<
      'uncompressedSize' | 'compressedSize' | 'offsetToLocalFileHeader',
      number | null | undefined
    >,
  ): void;
}
