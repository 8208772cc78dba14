import { expect, it } from 'vitest';
import { settingsOf } from '../../bench/encoder-runs.ts';

const run = (threads: number, params: string, more: string[] = []) => [
  ...['-i', 'pipe:0', '-map', '[video]', '-c:v', 'libx264', '-crf', '24', ...more],
  ...[
    '-x264-params',
    `threads=${threads}:${params}:level=3.1`,
    '-color_primaries',
    'bt709',
    '-f',
    'matroska',
  ],
];
const sound = ['-i', 'sound.wav', '-c:a', 'aac', '-f', 'matroska'];

it('The settings of a bake are those of its encoder of pictures', () => {
  expect(settingsOf([sound, run(3, 'ref=1')])).toEqual({
    arguments: ['-c:v', 'libx264', '-crf', '24', '-x264-params', 'threads=3:ref=1:level=3.1'],
    chosen: '-c:v libx264 -crf 24 -x264-params ref=1',
  });
  expect(settingsOf([sound])).toBeUndefined();
});

it('Encoders that share the pictures count as one with the threads of all', () => {
  const pieces = settingsOf([
    run(1, 'lookahead-threads=4:ref=1'),
    sound,
    run(2, 'lookahead-threads=4:ref=1'),
  ]);
  expect(pieces?.arguments.at(-1)).toBe('threads=3:lookahead-threads=4:ref=1:level=3.1');
  expect(settingsOf([run(1, 'stitchable=1:ref=1')])?.chosen).toBe(settingsOf([run(3, 'ref=1')])?.chosen);
});

it('Every picture of the floor is a keyframe where every picture of the video is, however many it has', () => {
  const forced = (n: number) => settingsOf([run(3, 'ref=1', ['-force_key_frames', `expr:lt(n,${n})`])]);
  expect(forced(5)).toEqual(forced(9));
  expect(forced(5)?.arguments).toContain('expr:1');
});
