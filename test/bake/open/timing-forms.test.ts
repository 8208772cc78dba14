import { describe, expect, it } from 'vitest';
import type { BakeWarningCode } from '../../../service/bake/errors.ts';
import { DEFAULT_LIMITS } from '../../../service/bake/limits.ts';
import { parseTiming } from '../../../service/bake/open/timing/timing.ts';
import type { BakeCode } from '../../../service/errors.ts';

// Forms of one timing. Other programs or people have written each of them.

const START = 1_770_000_000_000.25;
const DURATIONS = [40, 60, 80, 100, 120];
const STARTS = [0, 40, 100, 180, 280];
const recorded = DURATIONS.map((duration, frame) => ({
  frame,
  filename: `frame-0000${frame}.png`,
  duration,
  timestamp: START + STARTS[frame]!,
}));
type Entry = (typeof recorded)[number];
const each = <T>(change: (entry: Entry) => T) => recorded.map(change);
const shuffled = <T>(change: (entry: Entry) => T) => [3, 0, 4, 1, 2].map((frame) => change(recorded[frame]!));
const with2 = (change: object) => each((entry) => (entry.frame === 2 ? { ...entry, ...change } : entry));
const text = (value: unknown) => JSON.stringify(value, null, 2);

interface Tape {
  readonly first?: number;
  /** Of metadata.json. */
  readonly total?: number;
}

function parse(json: string | Buffer, count: number, { first = 0, total }: Tape) {
  const frameValues = Array.from({ length: count }, (_, at) => first + at);
  const timing = parseTiming(Buffer.from(json), { frameValues, areTimes: false }, DEFAULT_LIMITS, total);
  return { ...timing, codes: timing.warnings.map(({ code }) => code) };
}

type Case = readonly [what: string, timing: unknown, codes?: readonly BakeWarningCode[], tape?: Tape];

const ORDERS: readonly Case[] = [
  ['numbers', shuffled(({ frame, duration }) => ({ frame, duration }))],
  ['numbers as strings', shuffled(({ frame, duration }) => ({ frame: String(frame), duration }))],
  ['numbers from 1', shuffled(({ frame, duration }) => ({ frame: frame + 1, duration }))],
  ['padded strings from 1', shuffled(({ frame, duration }) => ({ frame: `0000${frame + 1}`, duration }))],
  ['file names', shuffled(({ filename, duration }) => ({ filename, duration }))],
  [
    'file names in capitals, with a folder',
    shuffled(({ filename, duration }) => ({ filename: `Tape/${filename.toUpperCase()}`, duration })),
  ],
  [
    'paths of Windows',
    shuffled(({ filename, duration }) => ({ filename: `C:\\tape\\${filename}`, duration })),
  ],
  [
    'file names of other digits',
    shuffled(({ frame, duration }) => ({ filename: `frame_${frame}.png`, duration })),
  ],
  [
    'file names of another ending',
    shuffled(({ frame, duration }) => ({ filename: `frame-000${frame}.webp`, duration })),
  ],
  [
    'file names without ending',
    shuffled(({ frame, duration }) => ({ filename: `frame-000${frame}`, duration })),
  ],
  ['file names, and numbers from 1', shuffled((entry) => ({ ...entry, frame: entry.frame + 1 }))],
  [
    'file names, and numbers by their places',
    shuffled((entry) => entry).map((entry, frame) => ({ ...entry, frame })),
    ['TIMING_REORDERED'],
  ],
  ['file names, and the same number in all', shuffled((entry) => ({ ...entry, frame: 0 }))],
  [
    'the same file name in all, and numbers',
    shuffled((entry) => ({ ...entry, filename: 'frame-00000.png' })),
  ],
  [
    'some by file name, some by number',
    shuffled(({ frame, filename, duration }) => (frame % 2 ? { frame, duration } : { filename, duration })),
  ],
  [
    'timestamps alone',
    shuffled(({ duration, timestamp }) => ({ duration, timestamp })),
    ['TIMING_REORDERED'],
  ],
  [
    'nothing but timestamps',
    shuffled(({ timestamp }) => ({ timestamp })),
    ['TIMING_REORDERED', 'TIMING_PARTIAL'],
    { total: 0.4 },
  ],
  [
    'file names from 1, as the frames',
    shuffled(({ frame, duration }) => ({ filename: `frame-${frame + 1}.png`, duration })),
    [],
    { first: 1 },
  ],
  [
    'file names from 0, frames from 1',
    shuffled(({ filename, duration }) => ({ filename, duration })),
    [],
    { first: 1 },
  ],
  [
    'numbers from 1, as the frames',
    shuffled(({ frame, duration }) => ({ frame: frame + 1, duration })),
    [],
    { first: 1 },
  ],
  [
    'numbers from 0, frames from 1',
    shuffled(({ frame, duration }) => ({ frame, duration })),
    [],
    { first: 1 },
  ],
  [
    'numbers from 100, as the frames',
    shuffled(({ frame, duration }) => ({ frame: frame + 100, duration })),
    [],
    { first: 100 },
  ],
];

const timed = (unit: number) => each((entry) => ({ ...entry, duration: entry.duration * unit }));
const stamped = (unit: number, since = 0) =>
  each((entry) => ({ ...entry, timestamp: (entry.timestamp - since) * unit }));
const bare = (unit: number) => DURATIONS.map((duration) => ({ duration: duration * unit }));

const UNITS: readonly Case[] = [
  ['durations in seconds, by the timestamps', timed(0.001), ['TIMING_UNITS']],
  ['durations in seconds, by the total', bare(0.001), ['TIMING_UNITS'], { total: 0.4 }],
  ['durations in seconds, by nothing', bare(0.001), ['TIMING_UNITS']],
  ['durations in microseconds, by the timestamps', timed(1000), ['TIMING_UNITS']],
  ['durations in microseconds, by the total', bare(1000), ['TIMING_UNITS'], { total: 0.4 }],
  ['timestamps in seconds', stamped(0.001), ['TIMING_UNITS']],
  ['timestamps in microseconds', stamped(1000), ['TIMING_UNITS']],
  ['timestamps in nanoseconds', stamped(1e6), ['TIMING_UNITS']],
  ['timestamps in seconds of another clock', stamped(0.001, START), ['TIMING_UNITS']],
  ['timestamps in microseconds of another clock', stamped(1000, START), ['TIMING_UNITS']],
  [
    'both in seconds',
    timed(0.001).map((entry) => ({ ...entry, timestamp: entry.timestamp / 1000 })),
    ['TIMING_UNITS'],
  ],
  [
    'timestamps in seconds alone',
    stamped(0.001).map(({ timestamp }) => ({ timestamp })),
    ['TIMING_UNITS', 'TIMING_PARTIAL'],
    { total: 0.4 },
  ],
  ['a total in milliseconds', recorded, ['TIMING_UNITS'], { total: 400 }],
  ['a total in milliseconds, without timestamps', bare(1), ['TIMING_UNITS'], { total: 400 }],
  ['a total that is wrong, against two that agree', recorded, ['TIMING_DIFFERS'], { total: 77 }],
];

const utf16 = Buffer.from(text(recorded), 'utf16le');
const turned = Buffer.from(utf16).swap16();
const FORMS: readonly Case[] = [
  ['as the recorder writes it', recorded, [], { total: 0.4 }],
  [
    'strings',
    each((entry) => ({ ...entry, duration: `${entry.duration}.0`, timestamp: String(entry.timestamp) })),
  ],
  [
    'null beside timestamps',
    each((entry) => ({ ...entry, duration: null })),
    ['TIMING_PARTIAL'],
    { total: 0.4 },
  ],
  ['one null', with2({ duration: null }), ['TIMING_PARTIAL']],
  ['one missing', with2({ duration: undefined }), ['TIMING_PARTIAL']],
  ['one empty', with2({ duration: '' }), ['TIMING_PARTIAL']],
  ['one negative', with2({ duration: -80 }), ['TIMING_PARTIAL']],
  ['one in words', with2({ duration: '80 ms' }), ['TIMING_PARTIAL']],
  ['one NaN', text(with2({ duration: '@' })).replace('"@"', 'NaN'), ['TIMING_PARTIAL']],
  ['one minus infinity', text(with2({ duration: '@' })).replace('"@"', '-Infinity'), ['TIMING_PARTIAL']],
  ['one entry null', each((entry) => (entry.frame === 2 ? null : entry)), ['TIMING_PARTIAL']],
  [
    'all 0 beside timestamps',
    each((entry) => ({ ...entry, duration: 0 })),
    ['TIMING_PARTIAL'],
    { total: 0.4 },
  ],
  ['one less, by the total', recorded.slice(1), ['TIMING_PARTIAL'], { total: 0.4 }],
  [
    'one more at the end',
    [...recorded, { frame: 5, filename: 'frame-00005.png', duration: 16.67 }],
    ['TIMING_PARTIAL'],
  ],
  ['one more at the start', [{ frame: -1, duration: 16.67 }, ...recorded], ['TIMING_PARTIAL']],
  [
    'one more, which tells the end',
    [...each(({ timestamp }) => ({ timestamp })), { timestamp: START + 400 }],
    ['TIMING_PARTIAL', 'TIMING_PARTIAL'],
  ],
  ['one more without names', [...bare(1), { duration: 7 }], ['TIMING_PARTIAL']],
  ['numbers alone', DURATIONS],
  ['strings alone', DURATIONS.map(String)],
  ['moments alone', each(({ timestamp }) => timestamp), ['TIMING_PARTIAL'], { total: 0.4 }],
  ...['frames', 'timing', 'entries', 'durations', 'anything'].map(
    (name): Case => [`an object of ${name}`, { version: 1, [name]: recorded }],
  ),
  ['an object of frames and another array', { pieceChanges: [], frames: recorded }],
  ['a byte order mark', `\uFEFF${text(recorded)}`],
  ['UTF-16', utf16],
  ['UTF-16 with a mark', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16])],
  ['UTF-16, the other way round', turned],
  ['UTF-16 with a mark, the other way round', Buffer.concat([Buffer.from([0xfe, 0xff]), turned])],
];

describe.each([
  { how: 'any order', cases: ORDERS },
  { how: 'any unit', cases: UNITS },
  { how: 'any form', cases: FORMS },
])('timing.json in $how', ({ how, cases }) => {
  for (const [what, timing, codes = [], tape = {}] of cases) {
    it(`timing.json in ${how} gives the same durations: ${what}`, () => {
      const json = typeof timing === 'string' || Buffer.isBuffer(timing) ? timing : text(timing);
      const result = parse(json, 5, tape);
      expect(result.durations.map((duration) => Math.round(duration * 100) / 100)).toEqual(DURATIONS);
      expect(result.codes).toEqual(codes);
    });
  }
});

it.each<[string, unknown[], number | undefined, number[], BakeWarningCode[]]>([
  ['a still of 8 s, in seconds', [{ duration: 8 }], 8, [8000], ['TIMING_UNITS']],
  ['a still of 4 s, its total in milliseconds', [{ duration: 4000 }], 4000, [4000], ['TIMING_UNITS']],
  ['two frames, in seconds', [{ duration: 1 }, { duration: 4 }], 5, [1000, 4000], ['TIMING_UNITS']],
  ['a total that is a quarter off', [{ duration: 500 }, { duration: 500 }], 0.8, [500, 500], []],
  [
    'a total that is half off, by less than a second',
    [{ duration: 500 }, { duration: 500 }],
    0.5,
    [500, 500],
    ['TIMING_DIFFERS'],
  ],
  [
    'a last frame that only the total tells',
    [{ duration: 1000 }, { duration: null }],
    5,
    [1000, 4000],
    ['TIMING_PARTIAL'],
  ],
])('Durations and a total are compared: %s', (_, timing, total, durations, codes) => {
  const result = parse(text(timing), timing.length, total === undefined ? {} : { total });
  expect(result.durations).toEqual(durations);
  expect(result.codes).toEqual(codes);
});

it("The recorder's clamp contradicts no timestamps of a display of 240 Hz", () => {
  const timing = Array.from({ length: 1000 }, (_, frame) => ({
    frame,
    duration: 10,
    timestamp: START + frame * 4.17,
  }));
  expect(parse(text(timing), 1000, {})).toMatchObject({ codes: [] });
});

it.each<[BakeCode, string, unknown, Tape?]>([
  ['TIMING_LENGTH', 'two more', [...recorded, ...recorded.slice(0, 2)]],
  ['TIMING_NOT_NUMBER', 'pairs', each(({ frame, duration }) => [frame, duration])],
  ['TIMING_NOT_NUMBER', 'NaN alone', '[{"duration": NaN}]'],
  ['TIMING_NOT_NUMBER', 'true', with2({ duration: true })],
  ['TIMING_NEGATIVE', 'a negative number alone', [40, -60]],
  ['TIMING_NOT_ARRAY', 'an object of two arrays of other names', { a: recorded, b: recorded }],
  ['TIMING_NOT_JSON', 'half of it', text(recorded).slice(0, 200)],
  [
    'TIMING_CONTRADICTORY',
    'twice as long as the timestamps',
    each(({ frame }) => ({ duration: 2000, timestamp: frame * 1000 })),
  ],
  ['TIMING_CONTRADICTORY', 'a total of 3 s against 8', [{ duration: 8000 }], { total: 3 }],
  ['TAPE_TOO_LONG', 'a minute and a second', [{ duration: 61_000 }], { total: 61 }],
])('timing.json is refused with %s: %s', (code, _, timing, tape) => {
  const json = typeof timing === 'string' ? timing : text(timing);
  expect(() => parse(json, 5, tape ?? {})).toThrow(expect.objectContaining({ code }));
});
