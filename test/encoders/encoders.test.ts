import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import { ffmpegMatrix } from '../rig/ffmpegs.ts';
import { cachedTape } from '../tapes/cache.ts';
import { catalogue, type TapeName } from '../tapes/catalogue.ts';
import { makeTape, type TapeFacts, type TapeSpec } from '../tapes/make.ts';
import { BURST, burstTimes } from '../tapes/sound.ts';
import { animationFaults } from './animations.ts';
import { judgeCase } from './cases.ts';
import { GIVEN, givenFolder } from './given.ts';
import { judgeVideo } from './judge.ts';
import { readTruth } from './truth.ts';

/** `npm run test:encoders` bakes the whole catalogue, and the tapes of others. Otherwise one small tape is baked. */
const isLong = process.env.OVEN_TEST_ENCODERS === 'long';
const SMALL: TapeSpec = { scene: 'sprites', width: 65, height: 48, seconds: 1.5, stalls: true, sound: true };
const TAPES = (isLong ? Object.keys(catalogue) : ['small']) as (TapeName | 'small')[];
const LONG_MS = 600_000;
/** Likeness to the frames in dB, by the tape: encoders leave out details that are not seen, of which noise has many. */
const LIKENESS: Readonly<Partial<Record<TapeName | 'small', Likeness>>> & { readonly others: Likeness } = {
  noise: { video: 30, animation: 10 },
  others: { video: 34, animation: 24 },
};
/** Versions with which animations are made. They are made without ffmpeg, so only production's version is tried. */
const FOR_ANIMATIONS = ['6.1.1'];
const KINDS = ['mp4', 'webm', 'gif', 'webp'] as const;

interface Likeness {
  readonly video: number;
  readonly animation: number;
}

const matrix = await ffmpegMatrix();
const given = isLong ? givenFolder() : undefined;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-encoders-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function tape(name: TapeName | 'small'): Promise<TapeFacts> {
  if (name === 'small') return makeTape(join(folder, 'small.zip'), SMALL);
  return cachedTape(name, join(import.meta.dirname, '../../.cache/tapes'));
}

describe.each(matrix)('ffmpeg $version $whyNot', ({ version, program }) => {
  // Another version than the encoder's decodes the videos, where there is one.
  const decoder = matrix.find((other) => other.program && other.version !== version)?.program ?? program;

  it.for(TAPES)(
    `The tape %s is right as every kind of output with ffmpeg ${version}`,
    { timeout: LONG_MS },
    async (name, { skip }) => {
      if (program === undefined || decoder === undefined) return skip();
      const facts = await tape(name);
      const kinds = KINDS.filter(
        (kind) => kind === 'mp4' || kind === 'webm' || FOR_ANIMATIONS.includes(version),
      );
      const outputs = kinds.map((kind) => ({ kind }));
      const report = await bake(facts.path, {
        outDir: folder,
        name,
        tempDir: folder,
        ffmpeg: program,
        outputs,
      });
      const truth = await readTruth(facts.path);
      const { durations } = facts;
      const faults: string[] = [];
      const alike = LIKENESS[name] ?? LIKENESS.others;
      for (const { kind, path, width } of report.outputs) {
        const right = { durations, sound: soundOf(facts) };
        const wrong =
          kind === 'gif' || kind === 'webp'
            ? await animationFaults(kind, path, truth, durations, { width, likeness: alike.animation })
            : await judgeVideo(path, truth, right, { ffmpeg: decoder, likeness: alike.video });
        faults.push(...wrong.map((fault) => `${kind}: ${fault}`));
      }
      expect(faults).toEqual([]);
    },
  );

  it.runIf(given !== undefined).for(given === undefined ? [] : GIVEN)(
    `The given tape $file is right with ffmpeg ${version}`,
    { timeout: LONG_MS },
    async (one, { skip }) => {
      if (program === undefined || decoder === undefined) return skip();
      const path = join(given!, `${one.file}.zip`);
      expect(await judgeCase(path, one, { ffmpeg: program, decoder, folder })).toEqual([]);
    },
  );
});

/** The onset and level of a made soundtrack. Its bursts are far louder than the rest. */
function soundOf({ soundSeconds }: TapeFacts) {
  if (soundSeconds === null) return undefined;
  const bursts = burstTimes(soundSeconds);
  const power = (bursts.length * BURST.seconds * BURST.level ** 2) / 2 / soundSeconds;
  return { onset: bursts[0]!, level: Math.sqrt(power) };
}
