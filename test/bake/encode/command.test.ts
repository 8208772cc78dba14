import { describe, expect, it } from 'vitest';
import {
  encodedRate,
  filterGraph,
  type PicturesPlan,
  pictureArguments,
  soundArguments,
} from '../../../service/bake/encode/command.ts';
import { planSound } from '../../../service/bake/encode/plan-video.ts';
import { x264Arguments } from '../../../service/bake/encode/x264.ts';
import type { Container } from '../../../service/bake/outputs.ts';
import type { UnpackedSound } from '../../../service/bake/sound/unpack.ts';
import { argv } from '../../../service/lib/argv.ts';
import { flatPlan } from './plan.ts';

const plan = flatPlan(32, 24);
const sound = {
  path: 'work/sound.pcm',
  format: 'f32le',
  sampleRate: 48_000,
  channels: 2,
  seconds: 1,
} as const;

const START = argv`
  -nostdin -max_alloc 67108864 -hide_banner -v warning -xerror
  -progress pipe:1 -stats_period 0.25
`;
const COLOURS = argv`-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv`;
const PACKETS = argv`-map_metadata -1 -f matroska -cluster_time_limit 200 pipe:3`;

it.each<PicturesPlan['content']>(['flat', 'busy', 'smooth', 'noise'])(
  'The whole command for %s pictures is right',
  (content) => {
    expect(pictureArguments({ ...plan, content })).toEqual(argv`
      ${START}
      -threads 1
      -protocol_whitelist pipe -format_whitelist matroska -codec_whitelist png -f matroska -i pipe:0
      -filter_complex_threads 1 -filter_complex ${filterGraph(plan)} -map [video]
      -fps_mode:v passthrough -enc_time_base 1/60
      ${x264Arguments({ ...plan, content, width: 64, height: 48 })}
      ${COLOURS} ${PACKETS}
    `);
  },
);

it('A WebM is encoded as VP9 without lookahead', () => {
  const args = pictureArguments({ ...plan, container: 'webm' }).join(' ');
  expect(args).toContain('-c:v libvpx-vp9');
  expect(args).toContain('-lag-in-frames 0');
  expect(args).toContain(COLOURS.join(' '));
  expect(args).not.toContain('x264');
});

/** The arguments for the sound of an ordinary video. */
function argumentsOf(container: Container, sound: UnpackedSound) {
  return soundArguments(planSound({ container, samples: [], constantRate: false }, sound, true), sound);
}

describe('sound', () => {
  it('The whole command for sound is right', () => {
    expect(argumentsOf('mp4', sound)).toEqual(argv`
      ${START}
      -protocol_whitelist file -format_whitelist f32le -codec_whitelist pcm_f32le -f f32le
      -ar 48000 -ac 2 -i work/sound.pcm
      -c:a aac -aac_coder fast -b:a 128k -ac 2 -ar 48000
      ${PACKETS}
    `);
  });

  it.each<[string, 'mp4' | 'webm', Partial<UnpackedSound>, string]>([
    ['gives a WebM Opus', 'webm', {}, '-c:a libopus -b:a 96k -ac 2'],
    [
      'keeps mono',
      'mp4',
      { channels: 1 },
      '-ac 1 -i work/sound.pcm -c:a aac -aac_coder fast -b:a 128k -ac 1',
    ],
    ['makes two channels of more', 'mp4', { channels: 6 }, '-b:a 128k -ac 2'],
    ['gives Opus its own rate', 'webm', { sampleRate: 44_100 }, '-ac 2 -ar 48000'],
    ['keeps a usual rate', 'mp4', { sampleRate: 44_100 }, '-ac 2 -ar 44100'],
    ['changes an unusual rate', 'mp4', { sampleRate: 96_000 }, '-ac 2 -ar 48000'],
    ['names all channels of the input', 'mp4', { channels: 6 }, '-ac 6 -i work/sound.pcm'],
  ])('The command for sound %s', (_, kind, change, text) => {
    expect(argumentsOf(kind, { ...sound, ...change }).join(' ')).toContain(text);
  });
});

it.each([
  ['mp4', 48_000, 48_000],
  ['mp4', 44_100, 44_100],
  ['mp4', 8_000, 48_000],
  ['mp4', 88_200, 48_000],
  ['webm', 44_100, 48_000],
] as const)('The sound for %s from %i Hz has %i Hz', (kind, sampleRate, rate) => {
  expect(encodedRate(kind, sampleRate)).toBe(rate);
});
