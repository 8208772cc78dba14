import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Open } from 'unzipper';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from './chromium.ts';
import type { TapeFacts } from './make.ts';
import { recordTape } from './recorder.ts';
import { BLOCK_SAMPLES, SAMPLE_RATE, WAV_HEADER_BYTES } from './sound.ts';
import { frameName, LAST_MS, type TimingEntry } from './timing.ts';

const browser = findChromium();

describe.skipIf(!browser)(
  `a recorded tape${browser ? '' : ' (no Chromium on the PATH, so none is made)'}`,
  () => {
    const spec = { width: 337, height: 160, seconds: 2, stalls: true };
    let folder = '';
    let facts: TapeFacts;
    const entries: { name: string; method: number; flags: number; content: Buffer }[] = [];
    const json = (name: string) =>
      JSON.parse(entries.find((entry) => entry.name === name)!.content.toString());

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'recorder-test-'));
      facts = await recordTape(join(folder, 'real.zip'), spec);
      const { files } = await Open.buffer(await readFile(facts.path));
      for (const file of files) {
        const { path: name, compressionMethod: method, flags } = file;
        entries.push({ name, method, flags, content: await file.buffer() });
      }
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('A recorded tape is a flat, stored ZIP in the order of the site, and the only file', async () => {
      const frames = Array.from({ length: facts.frames }, (_, n) => frameName(n));
      const names = entries.map(({ name }) => name);
      expect(names).toEqual([...frames, 'timing.json', 'metadata.json', 'soundtrack.wav']);
      expect(new Set(entries.map(({ method, flags }) => `${method} ${flags}`))).toEqual(new Set(['0 0']));
      expect(await readdir(folder)).toEqual(['real.zip']);
    });

    it('A recorded tape has a timing entry for each frame, and the stall', () => {
      const timing: TimingEntry[] = json('timing.json');
      expect(timing.map(({ duration }) => duration)).toEqual(facts.durations);
      timing.forEach((entry, n) => {
        expect(Object.keys(entry)).toEqual(['frame', 'filename', 'duration', 'timestamp']);
        expect(entry).toMatchObject({ frame: n, filename: frameName(n) });
        const next = timing[n + 1];
        expect(entry.duration).toBe(next ? Math.max(10, next.timestamp - entry.timestamp) : LAST_MS);
      });
      expect(timing[0]!.timestamp).toBeGreaterThan(1.7e12);
      expect(Math.max(...facts.durations)).toBeGreaterThanOrEqual(249);
    });

    it('A recorded tape has metadata that agrees with its frames', () => {
      expect(json('metadata.json')).toEqual({
        resolution: { width: 337, height: 160 },
        frameCount: facts.frames,
        totalDuration: facts.seconds,
        piece: 'recorder',
        exportedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        audioSampleRate: SAMPLE_RATE,
        pieceChanges: [],
        slug: null,
      });
    });

    it('A recorded tape has 8-bit RGBA frames of one size, some equal to the one before', () => {
      const pngs = entries.slice(0, facts.frames).map(({ content }) => content);
      // IHDR: width and height at bytes 16 and 20, depth at 24, colour type 6 (RGBA) at 25.
      const headers = new Set(pngs.map((png) => png.toString('hex', 16, 26)));
      expect(headers).toEqual(new Set(['00000151000000a00806']));
      const changes = pngs.filter((png, n) => n === 0 || !png.equals(pngs[n - 1]!)).length;
      expect(changes).toBe(facts.uniqueFrames);
      expect(changes).toBeGreaterThan(1);
      expect(changes).toBeLessThan(facts.frames);
    });

    it('A recorded tape has a soundtrack of whole blocks that is not silent', () => {
      const wav = entries.at(-1)!.content;
      expect(wav.toString('latin1', 0, 4) + wav.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ');
      expect([4, 16, 24, 28, 40].map((at) => wav.readUInt32LE(at))).toEqual([
        wav.length - 8,
        16,
        SAMPLE_RATE,
        SAMPLE_RATE * 4,
        wav.length - WAV_HEADER_BYTES,
      ]);
      expect([20, 22, 32, 34].map((at) => wav.readUInt16LE(at))).toEqual([1, 2, 4, 16]);
      const samples = (wav.length - WAV_HEADER_BYTES) / 4;
      expect([samples % BLOCK_SAMPLES, samples / SAMPLE_RATE]).toEqual([0, facts.soundSeconds]);
      const left = Array.from({ length: samples }, (_, n) => wav.readInt16LE(WAV_HEADER_BYTES + n * 4));
      expect(left.some((value) => value > 20_000)).toBe(true);
    });
  },
);

describe('findChromium', () => {
  it.each([
    { env: {}, found: undefined },
    { env: { PATH: '/nowhere::' }, found: undefined },
    { env: { PATH: '/nowhere', CHROMIUM: '/opt/browser' }, found: '/opt/browser' },
  ])('findChromium finds $found in $env', ({ env, found }) => {
    expect(findChromium(env)).toBe(found);
  });
});
