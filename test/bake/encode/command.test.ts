import { describe, expect, test } from 'vitest';
import { type VideoPlan, videoArguments } from '../../../service/bake/encode/command.ts';
import { filterGraph } from '../../../service/bake/encode/filters.ts';
import { x264Arguments } from '../../../service/bake/encode/x264.ts';
import { planScale } from '../../../service/bake/plan/scale.ts';

const plan: VideoPlan = {
  kind: 'mp4',
  geometry: planScale(32, 24, 2),
  alpha: false,
  blend: false,
  content: 'flat',
  sound: undefined,
  lastStart: 9000,
  end: 10_500,
  output: 'work/tape.mp4',
};
const stereo = {
  path: 'work/sound.pcm',
  format: 's16le',
  sampleRate: 48_000,
  channels: 2,
  seconds: 1,
} as const;

const START = [
  ...[
    '-hide_banner',
    '-nostdin',
    '-v',
    'error',
    '-xerror',
    '-y',
    '-progress',
    'pipe:1',
    '-stats_period',
    '0.25',
  ],
  ...['-threads', '1', '-f', 'matroska', '-i', 'pipe:0'],
];
const VIDEO = [
  ...['-filter_complex', filterGraph(plan), '-map', '[video]', '-fps_mode:v', 'passthrough'],
  ...['-enc_time_base', '1/90000'],
];
const COLOURS = [
  ...['-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709', '-color_range', 'tv'],
];
const MP4 = ['-f', 'mp4', '-video_track_timescale', '90000', '-movflags', '+faststart'];
const LAST = ['-bsf:v', 'setts=pts=PTS:dts=DTS:duration=if(gte(PTS\\,9000)\\,1500\\,1)'];
const END = ['-map_metadata', '-1', 'work/tape.mp4'];

describe('the whole command of an MP4', () => {
  test('without sound', () => {
    const encoder = [...x264Arguments('flat', 64 * 48), ...COLOURS, ...MP4];
    expect(videoArguments(plan)).toEqual([...START, ...VIDEO, ...encoder, ...LAST, ...END]);
  });

  test('with sound', () => {
    const input = ['-f', 's16le', '-ar', '48000', '-ac', '2', '-i', 'work/sound.pcm'];
    const encoder = [...x264Arguments('noise', 64 * 48), ...COLOURS, ...MP4];
    const sound = [
      '-map',
      '1:a',
      '-c:a',
      'aac',
      '-aac_coder',
      'fast',
      '-b:a',
      '128k',
      '-ac',
      '2',
      '-ar',
      '48000',
    ];
    const args = videoArguments({ ...plan, content: 'noise', sound: stereo });
    expect(args).toEqual([...START, ...input, ...VIDEO, ...encoder, ...LAST, ...sound, ...END]);
  });
});

test.each<[string, Partial<VideoPlan>, string]>([
  ['VP9', { kind: 'webm' }, '-c:v libvpx-vp9'],
  ['colours of a WebM', { kind: 'webm' }, COLOURS.join(' ')],
  ['the container of a WebM', { kind: 'webm' }, '-f webm'],
  ['Opus', { kind: 'webm', sound: stereo }, '-map 1:a -c:a libopus'],
  [
    'a WebM counts in milliseconds',
    { kind: 'webm', lastStart: 9044, end: 10_547 },
    'if(gte(PTS\\,100)\\,17\\,1)',
  ],
  ['which are never 0', { kind: 'webm', lastStart: 0, end: 9 }, 'if(gte(PTS\\,0)\\,1\\,1)'],
  ['its delay is made up for', { kind: 'webm', sound: stereo }, '-itsoffset 0.0065 -f s16le'],
  ['mono stays mono', { sound: { ...stereo, channels: 1 } }, '-c:a aac -aac_coder fast -b:a 128k -ac 1'],
  ['more than two channels become two', { sound: { ...stereo, channels: 6 } }, '-b:a 128k -ac 2'],
  ['their input has all', { sound: { ...stereo, channels: 6 } }, '-ac 6 -i work/sound.pcm'],
  ['Opus at its own rate', { kind: 'webm', sound: { ...stereo, sampleRate: 44_100 } }, '-ac 2 -ar 48000'],
  ['a rate that is usual', { sound: { ...stereo, sampleRate: 44_100 } }, '-ac 2 -ar 44100'],
  ['a rate that is not', { sound: { ...stereo, sampleRate: 96_000 } }, '-ac 2 -ar 48000'],
  ['floats', { sound: { ...stereo, format: 'f32le', sampleRate: 44_100 } }, '-f f32le -ar 44100 -ac 2'],
])('%s', (_, change, text) => {
  expect(videoArguments({ ...plan, ...change }).join(' ')).toContain(text);
});
