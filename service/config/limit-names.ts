/** The variables that bound one bake, for whoever wants to know whether any is set before loading what reads them. */
export const LIMIT_NAMES = [
  'MAX_ZIP_MB',
  'MAX_UNZIPPED_MB',
  'MAX_TAPE_SECONDS',
  'MAX_FRAMES',
  'MAX_FRAME_PIXELS',
  'OUTPUT_SCALE',
] as const;
