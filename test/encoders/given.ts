import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The right result for a tape: the durations of its frames (ms), or the codes with which it may be refused. */
export interface Case {
  readonly file: string;
  readonly durations?: readonly number[];
  readonly refused?: readonly string[];
  /** Seconds at which its soundtrack is first heard, and its level, 1 being full scale. */
  readonly sound?: { readonly onset: number; readonly level: number };
}

const each = (count: number, ms: number) => Array.from({ length: count }, () => ms);
const FIVE = each(5, 100);
const TWENTY = each(20, 100);
const TONE = { onset: 0.05, level: 0.141 };

/** The tapes of ../shared/cases, made by others. The number is the kind of fault that their videos had. */
export const GIVEN: readonly Case[] = [
  { file: '01-e02-smooth-tail5s-nosound', durations: [...each(8, 100), 5000] },
  { file: '01-g15-100x1', durations: each(3, 100) },
  { file: '02-b30-two-frames', durations: each(2, 16.67) },
  { file: '02-h03-still-4s-silent', durations: [4000] },
  { file: '03-c13b-rgba16', durations: FIVE },
  { file: '03-c16-palette', durations: FIVE },
  { file: '03-c20-mix-rgb-rgba', durations: each(6, 100) },
  { file: '03-k05-rgb-600-bytes-of-text', durations: FIVE },
  { file: '04-i01-palette-bars', durations: each(4, 100) },
  { file: '05-h01-flat-tail5s-silent', durations: [...each(4, 100), 5000] },
  { file: '05-h02-two-1s-4s-silent', durations: [1000, 4000] },
  { file: '06-f01-still-2s', durations: [2000] },
  { file: '06-f04c-moving-silent-last-100ms', durations: [...each(29, 16.6667), 100] },
  { file: '07-d09-f32-nan', durations: TWENTY, sound: TONE },
  { file: '08-c30-idat-bad-crc', refused: ['FRAME_CORRUPT'] },
  { file: '08-c31b-truncated-shrunk-idat', refused: ['FRAME_CORRUPT'] },
  { file: '09-c38c-iccp-broken', durations: FIVE },
  { file: '09-l-newline', durations: FIVE },
  { file: '10-a03-finder-folder', durations: FIVE, sound: TONE },
  { file: '10-a05-explorer-folder', durations: FIVE, sound: TONE },
  { file: '10-a08-backslash', durations: FIVE, sound: TONE },
  { file: '11-a19b-ext-upper', durations: FIVE, sound: TONE },
  { file: '11-a20-from-one', durations: FIVE, sound: TONE },
  { file: '12-b09b-out-of-order-filename-only', durations: [40, 60, 80, 100, 120] },
  { file: '12-b09e-one-based-out-of-order', durations: [40, 60, 80, 100, 120] },
  { file: '13-b04-string-durations', durations: FIVE },
  { file: '13-b07-null-durations-with-timestamps', durations: FIVE },
  { file: '13-b18-wrapped-object', durations: FIVE },
  { file: '14-d02-u8', durations: TWENTY, sound: TONE },
  { file: '14-d05-ulaw', durations: TWENTY, sound: TONE },
  { file: '14-d07b-odd-list-no-pad', durations: TWENTY, sound: TONE },
  { file: '15-c05-iccp-display-p3', durations: FIVE },
  { file: '15-c08-exif-orientation-6', durations: FIVE },
  { file: '16-c17d-grey4-trns', durations: FIVE },
  { file: '17-a12-zip64-full-end', durations: FIVE, sound: TONE },
  { file: '17-b17b-60.0005s', durations: [60_000.5] },
];

/** The folder of the given tapes: OVEN_TEST_CASES, or one beside the checkout; undefined where there is none. */
export function givenFolder(): string | undefined {
  const beside = resolve(import.meta.dirname, '../../../shared/cases');
  const folder = process.env.OVEN_TEST_CASES ?? beside;
  return existsSync(join(folder, 'INDEX.txt')) ? folder : undefined;
}
