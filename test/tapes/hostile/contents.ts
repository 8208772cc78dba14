import { frameWith, type HostileTape, tapeWith, timed } from './case.ts';
import { frameEntries, frameEntryName, jsonEntry, png, timingOf } from './parts.ts';
import { zip } from './zip.ts';

const durations = (...values: unknown[]) =>
  timingOf(3).map((entry, at) => ({ ...entry, duration: values[at] }));

/** Frames that can't be baked. */
export const FRAMES: readonly HostileTape[] = [
  {
    what: 'a frame that is text',
    code: 'FRAME_NOT_PNG',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ data: Buffer.from('no picture') })),
  },
  {
    what: 'a packed frame that is text',
    code: 'FRAME_NOT_PNG',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ data: Buffer.from('no picture'.repeat(50)), deflate: true })),
  },
  {
    what: 'an empty frame',
    code: 'FRAME_NOT_PNG',
    make: () => tapeWith(frameWith({ data: Buffer.alloc(0) })),
  },
  {
    what: 'a frame that is a JPEG',
    code: 'FRAME_NOT_PNG',
    make: () => tapeWith(frameWith({ data: Buffer.from('ffd8ffe000104a464946', 'hex') })),
  },
  {
    what: 'a first frame that is no PNG',
    code: 'FRAME_NOT_PNG',
    says: /frame-00000/,
    make: () => tapeWith({ name: frameEntryName(0), data: Buffer.alloc(200) }),
  },
  {
    what: 'a frame 0 pixels wide',
    code: 'FRAME_NOT_PNG',
    make: () => tapeWith(frameWith({ data: png({ width: 0 }) })),
  },
  {
    what: 'a frame of another size',
    code: 'FRAME_SIZE',
    says: /frame-00001.png is 7×4 .* 6×4/,
    make: () => tapeWith(frameWith({ data: png({ width: 7 }) })),
  },
  {
    what: 'a frame 30,000 pixels wide',
    code: 'FRAME_TOO_LARGE',
    says: /30000×1 .*8192/,
    make: () => zip(frameEntries(2, { width: 30_000, height: 1 })),
  },
  {
    what: 'a frame 30,000 pixels wide among others',
    code: 'FRAME_TOO_LARGE',
    says: /frame-00001/,
    make: () => tapeWith(frameWith({ data: png({ width: 30_000, height: 500 }) })),
  },
  {
    what: 'frames of too many pixels',
    code: 'FRAME_TOO_LARGE',
    says: /2000×1049.*2098000.*2097152/,
    make: () => zip(frameEntries(2, { width: 2000, height: 1049 })),
  },
];

/** Wrong forms of timing.json. */
export const TIMINGS: readonly HostileTape[] = [
  { what: 'timing.json that is not JSON', code: 'TIMING_NOT_JSON', make: () => timed('[{"duration": 16') },
  { what: 'an empty timing.json', code: 'TIMING_NOT_JSON', make: () => timed('') },
  {
    what: 'timing.json nested a million deep',
    code: 'TIMING_NOT_JSON',
    make: () => timed('['.repeat(1_000_000)),
  },
  {
    what: 'timing.json of half a million values',
    code: 'TIMING_NOT_JSON',
    says: /more than 81000 values/,
    make: () => timed(`[${'{},'.repeat(500_000)}{}]`),
  },
  {
    what: 'timing.json nested a little too deep',
    code: 'TIMING_NOT_JSON',
    says: /nested/,
    make: () => timed(`${'['.repeat(40)}${']'.repeat(40)}`),
  },
  {
    what: 'timing.json that is an object of two arrays',
    code: 'TIMING_NOT_ARRAY',
    make: () => timed({ one: timingOf(3), other: timingOf(3) }),
  },
  { what: 'timing.json that is null', code: 'TIMING_NOT_ARRAY', make: () => timed('null') },
  {
    what: 'a duration NaN',
    code: 'TIMING_NOT_NUMBER',
    says: /NaN/,
    make: () => timed('[{"frame": 0, "duration": NaN}]'),
  },
  {
    what: 'a duration in words',
    code: 'TIMING_NOT_NUMBER',
    says: /Entry 1 .*"long"/,
    make: () => timed([{ duration: 16 }, { duration: 'long' }, { duration: 16 }]),
  },
  {
    what: 'a duration that is a list',
    code: 'TIMING_NOT_NUMBER',
    says: /Entry 2 /,
    make: () => timed(durations(16, 16, [16])),
  },
  {
    what: 'a duration beyond all numbers',
    code: 'TIMING_NOT_NUMBER',
    make: () => timed('[{"duration": 1e999}]'),
  },
  {
    what: 'an entry that is a list',
    code: 'TIMING_NOT_NUMBER',
    says: /Entry 1 /,
    make: () => timed([16, [16], 16]),
  },
  {
    what: 'a negative duration without a timestamp',
    code: 'TIMING_NEGATIVE',
    says: /entry 1 .*-5/,
    make: () => timed([{ duration: 16 }, { duration: -5 }, { duration: 16 }]),
  },
  {
    what: 'two durations more than frames',
    code: 'TIMING_LENGTH',
    says: /5 entries.*3 frames/,
    make: () => timed(timingOf(5)),
  },
  {
    what: 'durations of 4 s and timestamps of 2 s',
    code: 'TIMING_CONTRADICTORY',
    says: /4 s.*2 s/,
    make: () => timed([0, 1000, 2000].map((timestamp) => ({ timestamp, duration: 2000 }))),
  },
  {
    what: 'durations of 6 s and a total of 3 s',
    code: 'TIMING_CONTRADICTORY',
    says: /6 s.*3 s/,
    make: () =>
      tapeWith(
        jsonEntry('timing.json', [{ duration: 2000 }, { duration: 2000 }, { duration: 2000 }]),
        jsonEntry('metadata.json', { totalDuration: 3 }),
      ),
  },
  {
    what: 'a frame a day long',
    code: 'TAPE_TOO_LONG',
    says: /86400\.03 .* 60 /,
    make: () => timed(durations(16, 86_400_000, 16)),
  },
];
