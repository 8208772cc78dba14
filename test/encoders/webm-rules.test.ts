import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import { makeTape } from '../tapes/make.ts';
import { webmFaults } from './webm-rules.ts';

let folder = '';
let good: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'webm-rules-'));
  const tape = join(folder, 'tape.zip');
  await makeTape(tape, { scene: 'sprites', width: 64, height: 48, seconds: 0.5, sound: true });
  const how = { outDir: folder, name: 'it', tempDir: folder, outputs: [{ kind: 'webm', scale: 2 }] as const };
  const report = await bake(tape, how);
  good = await readFile(report.outputs[0]!.path);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('A WebM of Oven is right', () => {
  expect(webmFaults(good)).toEqual([]);
});

/** Where the content begins after the first of each of these bytes, in hexadecimal, one after the other. */
function content(file: Buffer, ...path: string[]): number {
  return path.reduce((from, bytes) => {
    const head = Buffer.from(bytes, 'hex');
    const at = file.indexOf(head, from);
    if (at === -1) throw new Error(`there is no ${bytes}`);
    return at + head.length;
  }, 0);
}

const add = (file: Buffer, at: number, by: number) => file.writeUInt8((file[at]! + by) & 255, at);

describe('changed bytes', () => {
  it.each<[string, (file: Buffer) => void, string]>([
    ['another type', (file) => file.write('weba', content(file, '4282') + 1), 'it is a weba'],
    ['another unit of time', (file) => add(file, content(file, '2ad7b1') + 3, 1), 'it counts in'],
    ['a shorter file', (file) => file.writeDoubleBE(100, content(file, '448988')), 'the file at 100'],
    ['colours of BT.601', (file) => add(file, content(file, '55b181'), 5), 'its colours are 1,1,6,1'],
    ['full range', (file) => add(file, content(file, '55b981'), 1), 'its colours are 1,1,1,2'],
    ['another width', (file) => add(file, content(file, 'b0') + 1, 1), 'by its header'],
    ['another delay', (file) => add(file, content(file, '56aa') + 1, 1), 'its delay is'],
    ['another need before a jump', (file) => add(file, content(file, '56bb') + 1, 1), 'after a jump'],
    [
      'no Opus',
      (file) => file.write('B', content(file, Buffer.from('A_OPUS').toString('hex')) - 1),
      'A_OPUB',
    ],
    [
      'a later cue',
      (file) => add(file, content(file, '1c53bb6b', '1c53bb6b', 'b3') + 1, 9),
      'leads to no keyframe',
    ],
    ['a size beyond the end', (file) => add(file, content(file, '1f43b675') + 2, 1), ''],
    [
      'a later cluster',
      (file) => add(file, content(file, '1f43b675', 'e7') + 1, 3),
      'the first picture begins at 3 ms',
    ],
  ])('The rules find a changed byte in a WebM: %s', (_, change, fault) => {
    const file = Buffer.from(good);
    change(file);
    const faults = webmFaults(file);
    expect(faults).not.toEqual([]);
    expect(faults.join('; ')).toContain(fault);
  });
});

describe('muxers', () => {
  const pictures = ['-f', 'lavfi', '-i', 'testsrc=s=64x48:d=1:r=10', '-f', 'lavfi', '-i', 'sine=d=1.5'];
  const vp9 = ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '7'];
  it.each([
    ['a last picture of no duration', vp9, 'the last picture has no duration'],
    ['4:4:4', [...vp9, '-pix_fmt', 'yuv444p'], 'none of VP9, profile 0'],
    ['no tags', [...vp9, '-pix_fmt', 'yuv420p'], 'its colours are 2,2'],
    ['sound that goes on', vp9, 'goes on for'],
    ['VP8', ['-c:v', 'libvpx'], 'its tracks are V_VP8 A_OPUS'],
  ])('The rules find the faults of other muxers in a WebM: %s', async (_, args, fault) => {
    const path = join(folder, 'other.webm');
    await execa('ffmpeg', ['-v', 'error', '-y', ...pictures, ...args, '-c:a', 'libopus', path]);
    expect(webmFaults(await readFile(path)).join('; ')).toContain(fault);
  });
});
