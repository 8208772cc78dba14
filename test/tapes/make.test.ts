import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cachedTape } from './cache.ts';
import { catalogue, type TapeName } from './catalogue.ts';
import { composeTape } from './compose.ts';
import { makeTape, type TapeSpec } from './make.ts';
import { makeDurations, type TimingEntry } from './timing.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapes-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

const small: TapeSpec = { scene: 'prompt', width: 61, height: 47, seconds: 1, sound: true };

/** Reads a ZIP by its local headers alone. They must have sizes, and nothing may be between entries. */
function walkLocalHeaders(zip: Buffer) {
  const entries: { name: string; flags: number; method: number; crc: number; content: Buffer }[] = [];
  let at = 0;
  while (zip.readUInt32LE(at) === 0x04034b50) {
    const [size, nameBytes, extraBytes] = [
      zip.readUInt32LE(at + 18),
      zip.readUInt16LE(at + 26),
      zip.readUInt16LE(at + 28),
    ];
    const start = at + 30 + nameBytes + extraBytes;
    entries.push({
      name: zip.toString('utf8', at + 30, at + 30 + nameBytes),
      flags: zip.readUInt16LE(at + 6),
      method: zip.readUInt16LE(at + 8),
      crc: zip.readUInt32LE(at + 14),
      content: zip.subarray(start, start + size),
    });
    at = start + size;
  }
  return { entries, next: zip.readUInt32LE(at) };
}

describe('a made tape', () => {
  it('A made tape is a flat, stored ZIP in the order of the recorder', async () => {
    const facts = await makeTape(join(folder, 'shape.zip'), small);
    const { entries, next } = walkLocalHeaders(await readFile(facts.path));
    const frames = Array.from({ length: facts.frames }, (_, n) => `frame-${String(n).padStart(5, '0')}.png`);
    expect(entries.map((entry) => entry.name)).toEqual([
      ...frames,
      'timing.json',
      'metadata.json',
      'soundtrack.wav',
    ]);
    for (const { flags, method, crc, content } of entries) {
      expect({ flags, method, crc }).toEqual({ flags: 0, method: 0, crc: crc32(content) });
    }
    expect(next).toBe(0x02014b50);
  });

  it('A made tape has timing and metadata that agree with its facts', async () => {
    const facts = await makeTape(join(folder, 'facts.zip'), { ...small, sound: false });
    const { entries } = walkLocalHeaders(await readFile(facts.path));
    const json = (name: string) =>
      JSON.parse(entries.find((entry) => entry.name === name)!.content.toString());
    expect(json('timing.json').map((entry: TimingEntry) => entry.duration)).toEqual(facts.durations);
    expect(json('metadata.json')).toMatchObject({
      resolution: { width: 61, height: 47 },
      frameCount: facts.frames,
      totalDuration: facts.seconds,
      piece: 'prompt',
      audioSampleRate: null,
    });
    expect(facts.soundSeconds).toBeNull();
    expect(entries.at(-1)!.name).toBe('metadata.json');
  });

  it('A made tape has 8-bit RGBA frames, and identical neighbours have the same bytes', async () => {
    const facts = await makeTape(join(folder, 'png.zip'), small);
    const pngs = walkLocalHeaders(await readFile(facts.path)).entries.slice(0, facts.frames);
    // IHDR: width and height at bytes 16 and 20, depth at 24, colour type 6 (RGBA) at 25.
    for (const { content } of pngs)
      expect([...content.subarray(16, 26)]).toEqual([0, 0, 0, 61, 0, 0, 0, 47, 8, 6]);
    const changes = pngs.filter(({ content }, n) => n === 0 || !content.equals(pngs[n - 1]!.content)).length;
    expect(changes).toBe(facts.uniqueFrames);
    expect(changes).toBeLessThan(facts.frames / 4);
  });

  it('A made tape has the same bytes each time, and others with another seed', async () => {
    const make = async (name: string, seed: number) => {
      const { path } = await makeTape(join(folder, name), { ...small, scene: 'sprites', seed });
      return readFile(path);
    };
    const first = await make('one.zip', 7);
    expect(first.equals(await make('two.zip', 7))).toBe(true);
    expect(first.equals(await make('three.zip', 8))).toBe(false);
  });
});

describe('composeTape', () => {
  const png = Buffer.from('not a picture');
  it.each([
    { parts: { frames: [png] }, names: ['frame-00000.png'] },
    { parts: { frames: [], timing: [] }, names: ['timing.json'] },
    {
      parts: { frames: [png, png], timing: '[NaN', sound: png },
      names: ['frame-00000.png', 'frame-00001.png', 'timing.json', 'soundtrack.wav'],
    },
  ])('composeTape writes $names and leaves out the rest', async ({ parts, names }) => {
    const path = join(folder, 'odd.zip');
    await composeTape(path, parts);
    const { entries } = walkLocalHeaders(await readFile(path));
    expect(entries.map((entry) => entry.name)).toEqual(names);
    const timing = entries.find((entry) => entry.name === 'timing.json')?.content.toString();
    if ('timing' in parts) expect(timing).toBe(typeof parts.timing === 'string' ? parts.timing : '[]');
  });

  it('composeTape leaves nothing behind where it can not write', async () => {
    await expect(composeTape(join(folder, 'missing', 'tape.zip'), { frames: [] })).rejects.toThrow('ENOENT');
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('the catalogue', () => {
  it.each(Object.keys(catalogue) as TapeName[])(
    'The tape %s of the catalogue is within the limits of a tape',
    (name) => {
      const spec: TapeSpec = catalogue[name];
      expect(makeDurations(spec).length).toBeLessThanOrEqual(4000);
      expect(spec.width * spec.height).toBeLessThanOrEqual(2_097_152);
      expect(spec.seconds).toBeLessThanOrEqual(30);
    },
  );

  it('The catalogue makes a tape once and then finds it', async () => {
    const first = await cachedTape('still', folder);
    const second = await cachedTape('still', folder);
    expect([first.made, second.made]).toEqual([true, false]);
    expect(second).toEqual({ ...first, made: false });
  });

  it('The catalogue names its tapes in the error for an unknown one', async () => {
    const cli = join(import.meta.dirname, 'cli.ts');
    const { exitCode, stderr } = await execa(process.execPath, [cli, 'nope', '--out', folder], {
      reject: false,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('No tape named nope');
    expect(stderr).toContain('prompt-30s');
  });
});
