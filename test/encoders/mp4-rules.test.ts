import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { argv } from '../../service/lib/argv.ts';
import { mp4Faults } from './mp4-rules.ts';

const TAGS = argv`-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv`;
const PLAIN = argv`-bf 0 -g 5 -level 1 ${TAGS} -movflags +faststart`;

let folder = '';
let good: Buffer;

/** A second of pictures and sound by ffmpeg's own muxer. */
async function make(args: readonly string[], { pictures = 'r=10:d=1', sound = 'd=1' } = {}): Promise<Buffer> {
  const path = join(folder, 'it.mp4');
  await execa(
    'ffmpeg',
    argv`
      -v error -y
      -f lavfi -i testsrc=s=64x48:${pictures}
      -f lavfi -i sine=${sound}
      -pix_fmt yuv420p ${args}
      ${path}
    `,
  );
  return readFile(path);
}

/** The place of the body of the `nth` box of a type. */
function body(file: Buffer, type: string, nth = 0): number {
  let at = -1;
  for (let n = 0; n <= nth; n += 1) at = file.indexOf(type, at + 1, 'latin1');
  return at + 4;
}

function add(file: Buffer, at: number, by: number): void {
  file.writeUInt32BE(file.readUInt32BE(at) + by, at);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mp4-rules-'));
  good = await make(PLAIN);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('An MP4 that ffmpeg makes without B-frames is right', () => {
  expect(mp4Faults(good)).toEqual([]);
});

describe('changed bytes', () => {
  it.each<[string, (file: Buffer) => void, string]>([
    ['the duration of the movie', (file) => add(file, body(file, 'mvhd') + 16, 1), 'mvhd says'],
    ['the duration of a track', (file) => add(file, body(file, 'tkhd') + 20, -1), 'by tkhd'],
    ['the duration of the media', (file) => add(file, body(file, 'mdhd') + 16, 1), 'by mdhd'],
    ['the timescale of the sound', (file) => add(file, body(file, 'mdhd', 1) + 12, 1), 'soun counts in'],
    ['a longer edit', (file) => add(file, body(file, 'elst') + 8, 100), 'by elst'],
    ['a later edit', (file) => add(file, body(file, 'elst') + 12, 10), 'its first picture at 0'],
    ['a faster edit', (file) => add(file, body(file, 'elst') + 16, 65_536), 'more than a begin'],
    ['no priming', (file) => add(file, body(file, 'elst', 1) + 12, -1024), 'after its priming'],
    ['a sample of no duration', (file) => file.writeUInt32BE(0, body(file, 'stts') + 12), 'no duration'],
    ['a sample that lasts longer', (file) => add(file, body(file, 'stts') + 12, 7), 'by stts'],
    ['a duration too many', (file) => add(file, body(file, 'stts') + 8, 1), 'stts tells of 11'],
    [
      'a packet of sound that is shorter',
      (file) => add(file, body(file, 'stts', 1) + 12, -1),
      'another length',
    ],
    ['a size too few', (file) => add(file, body(file, 'stsz') + 8, -1), 'a table of 9 entries'],
    ['another sample to begin at', (file) => add(file, body(file, 'stss') + 12, 1), 'stss has 0,6'],
    ['data that begin a byte late', (file) => add(file, body(file, 'stco') + 8, 1), 'whole NAL units'],
    ['data beyond the end', (file) => add(file, body(file, 'stco') + 8, 1e6), 'outside of mdat'],
    [
      'two chunks in one place',
      (file) => file.copy(file, body(file, 'stco') + 12, body(file, 'stco') + 8, body(file, 'stco') + 12),
      'share bytes',
    ],
    [
      'another level in avcC',
      (file) => file.writeUInt8(62, body(file, 'avcC') + 3),
      'avcC and its parameter set',
    ],
    ['a level too high', (file) => level(file, 62), 'level 6.2 is too high: 1 is enough'],
    ['a level too low', (file) => level(file, 9), 'level 0.9 is too low: 1 at the least'],
    ['another width', (file) => add(file, body(file, 'tkhd') + 76, 65_536), '65×48'],
    ['another entry', (file) => file.write('avc3', body(file, 'avc1', 1) - 4), 'vide is avc3'],
    [
      'a box of other colours',
      (file) => file.writeUInt16BE(9, body(file, 'colr') + 6),
      'box of colours says 1,9,1,0',
    ],
    [
      'a track of another kind',
      (file) => file.write('subt', body(file, 'hdlr', 1) + 8),
      'its tracks are vide subt',
    ],
  ])('The rules find a changed byte in an MP4: %s', (_, change, fault) => {
    const file = Buffer.from(good);
    change(file);
    expect(mp4Faults(file).join('; ')).toContain(fault);
    expect(mp4Faults(file)).not.toEqual([]);
  });

  function level(file: Buffer, value: number): void {
    file.writeUInt8(value, body(file, 'avcC') + 3);
    file.writeUInt8(value, body(file, 'avcC') + 11);
  }

  it('The rules find that an MP4 lacks a byte', () => {
    expect(mp4Faults(good.subarray(0, -1))).toEqual(['a box has a wrong size']);
  });
});

describe('muxers', () => {
  it.each<[string, readonly string[], { pictures?: string; sound?: string }, string]>([
    ['the index last', PLAIN.slice(0, -2), {}, 'its boxes are ftyp mdat moov'],
    ['full range', [...PLAIN, '-color_range', 'pc'], {}, "stream's colours are 1,1,1,1"],
    ['no tags', PLAIN.filter((word) => !TAGS.includes(word)), {}, "stream's colours are undefined"],
    ['4:4:4', [...PLAIN, '-pix_fmt', 'yuv444p', '-level', '1'], {}, 'not 8 bits in 4:2:0'],
    ['one long picture', PLAIN, { pictures: 'r=1/4:d=4' }, 'one picture is all there is'],
    [
      'B-frames last',
      [...PLAIN, '-bf', '2', '-b_strategy', '0', '-g', '250'],
      {},
      'shown last is not decoded last',
    ],
    ['sound that goes on', PLAIN, { sound: 'd=1.5' }, 'goes on for 0.5'],
    [
      'a clock of 90 kHz',
      [...PLAIN, '-fps_mode', 'passthrough', '-enc_time_base', '1/90000'],
      {},
      '90000 pictures a second',
    ],
    ['fragments', [...PLAIN.slice(0, -1), 'frag_keyframe+empty_moov'], {}, 'its boxes are ftyp moov moof'],
  ])('The rules find the faults of other muxers in an MP4: %s', async (_, args, inputs, fault) => {
    const faults = mp4Faults(await make(args, inputs));
    expect(faults.join('; ')).toContain(fault);
    expect(faults).not.toEqual([]);
  });
});
