/** What a decoder of each level of H.264 can do at least (ITU-T H.264, table A-1), from the least on. */
const LEVELS: readonly (readonly [
  level: string,
  macroblocksPerSecond: number,
  macroblocks: number,
  held: number,
])[] = [
  ['1.0', 1485, 99, 396],
  ['1.1', 3000, 396, 900],
  ['1.2', 6000, 396, 2376],
  ['1.3', 11_880, 396, 2376],
  ['2.1', 19_800, 792, 4752],
  ['2.2', 20_250, 1620, 8100],
  ['3.0', 40_500, 1620, 8100],
  ['3.1', 108_000, 3600, 18_000],
  ['3.2', 216_000, 5120, 20_480],
  ['4.0', 245_760, 8192, 32_768],
  ['4.2', 522_240, 8704, 34_816],
  ['5.0', 589_824, 22_080, 110_400],
  ['5.1', 983_040, 36_864, 184_320],
  ['5.2', 2_073_600, 36_864, 184_320],
  ['6.0', 4_177_920, 139_264, 696_320],
  ['6.1', 8_355_840, 139_264, 696_320],
  ['6.2', 16_711_680, 139_264, 696_320],
];

/** What the level of a video hangs on. */
export interface Demand {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** The most pictures in any one second. */
  readonly peakRate: number;
  /** Decoded pictures that a decoder has to hold besides the one it works on. */
  readonly held: number;
}

/** The lowest level of H.264 that covers the demand: `3.1`. The highest, where none does. */
export function levelOf({ width, height, peakRate, held }: Demand): string {
  const [columns, rows] = [Math.ceil(width / 16), Math.ceil(height / 16)];
  const macroblocks = columns * rows;
  const fits = LEVELS.find(([, perSecond, most, mostHeld]) => {
    // A side may be no longer than √8 times that of a square of so many.
    const longest = Math.sqrt(8 * most);
    if (columns > longest || rows > longest || macroblocks > most) return false;
    return macroblocks * peakRate <= perSecond && macroblocks * held <= mostHeld;
  });
  return (fits ?? LEVELS.at(-1)!)[0];
}
