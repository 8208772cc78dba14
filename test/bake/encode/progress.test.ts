import { expect, it } from 'vitest';
import { type ProgressLine, parseProgressLine } from '../../../service/bake/encode/run-encoder.ts';

it.each<[string, ProgressLine]>([
  ['frame=0', { kind: 'frames', frames: 0 }],
  ['frame=480', { kind: 'frames', frames: 480 }],
  ['out_time_us=1500000', { kind: 'time', microseconds: 1_500_000 }],
  ['out_time_us=-21333', { kind: 'time', microseconds: -21_333 }],
  ['out_time_us=N/A', { kind: 'other' }],
  ['out_time=00:00:01.500000', { kind: 'other' }],
  ['lavfi.bbox.w=12', { kind: 'transparent' }],
  ['lavfi.bbox.w', { kind: 'other' }],
  ['frame:12   pts:1500    pts_time:0.0166667', { kind: 'other' }],
  ['progress=continue', { kind: 'other' }],
  ['fps=59.94', { kind: 'other' }],
  ['', { kind: 'other' }],
])('parseProgressLine reads %j', (line, expected) => {
  expect(parseProgressLine(line)).toEqual(expected);
});
