/** What a tape may weigh and measure at most. Defaults are DESIGN's; the service reads them from its environment. */
export interface Limits {
  /** Bytes of the ZIP file. */
  readonly zipBytes: number;
  /** Bytes of all entries unpacked. */
  readonly unzippedBytes: number;
  /** Seconds of all frames together. */
  readonly seconds: number;
  /** Number of frames. */
  readonly frames: number;
  /** Width × height of a frame, in pixels. */
  readonly framePixels: number;
}

const MiB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = {
  zipBytes: 256 * MiB,
  unzippedBytes: 1024 * MiB,
  seconds: 60,
  frames: 4000,
  framePixels: 2_097_152,
};
