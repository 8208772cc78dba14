import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createCanvas } from './canvas.ts';
import { composeTape } from './compose.ts';
import { encodePng } from './png.ts';
import type { EncodePng, PngEncoder } from './png-encoders.ts';
import { seeded } from './random.ts';
import { type SceneName, scenes } from './scenes.ts';
import { makeSound, SAMPLE_RATE, WAV_HEADER_BYTES } from './sound.ts';
import { makeDurations, makeTiming, RECORDED_AT } from './timing.ts';

/**
 * The specification of a made tape: pixels, seconds, frames a second (60), pauses and sound (none), a seed (1), who compresses its
 * pictures (`canvas`).
 */
export interface TapeSpec {
  scene: SceneName;
  width: number;
  height: number;
  seconds: number;
  fps?: number;
  stalls?: boolean;
  sound?: boolean;
  seed?: number;
  png?: PngEncoder;
}

/** The facts of a made tape, for comparison in tests and benchmarks: durations in ms, all else in seconds. */
export interface TapeFacts {
  path: string;
  frames: number;
  /** The number of frames that differ from the one before, with the first. */
  uniqueFrames: number;
  durations: number[];
  width: number;
  height: number;
  seconds: number;
  /** Length of soundtrack.wav; null when the tape has none. */
  soundSeconds: number | null;
}

/** Frames that are encoded at once. The number bounds memory to a few raw frames. */
const IN_FLIGHT = 4;

/** Draws the frame shown at each of `starts` (seconds) and encodes it; identical neighbours share one buffer. */
export async function drawFrames(
  spec: Omit<TapeSpec, 'png'>,
  starts: readonly number[],
  encode: EncodePng = encodePng,
): Promise<Buffer[]> {
  const { scene, width, height, seed = 1 } = spec;
  const canvas = createCanvas(width, height);
  const draw = scenes[scene](width, height, seeded(seed));
  const encoded: Promise<Buffer>[] = [];
  let inFlight: Promise<Buffer>[] = [];
  let last: Buffer | undefined;
  for (const seconds of starts) {
    draw(canvas, seconds);
    if (!last?.equals(canvas.pixels)) {
      // A copy, since the canvas is drawn on while this frame is still being encoded.
      last = Buffer.from(canvas.pixels);
      inFlight.push(encode(last, width, height));
    }
    encoded.push(inFlight.at(-1) ?? encoded.at(-1)!);
    if (inFlight.length < IN_FLIGHT) continue;
    await Promise.all(inFlight);
    inFlight = [];
  }
  return Promise.all(encoded);
}

async function drawAndCompress({ png, ...spec }: TapeSpec, starts: readonly number[]): Promise<Buffer[]> {
  if (png === undefined || png === 'canvas') return drawFrames(spec, starts);
  // Loaded for these encoders only: they bring a browser's driver and an image library.
  const { openPngEncoder } = await import('./png-encoders.ts');
  const { encode, close } = await openPngEncoder(png);
  return drawFrames(spec, starts, encode).finally(close);
}

/** Makes a whole tape in the recorder's form, and gives its facts. */
export async function makeTape(path: string, spec: TapeSpec): Promise<TapeFacts> {
  const { scene, width, height, seed = 1 } = spec;
  const durations = makeDurations(spec);
  const timing = makeTiming(durations);
  let total = 0;
  const starts = durations.map((duration) => {
    const start = total;
    total += duration;
    return start / 1000;
  });
  const seconds = total / 1000;
  const frames = await drawAndCompress(spec, starts);
  // The recorder's audio starts up to 100 ms late, so that the soundtrack is a little shorter than the video.
  const sound = spec.sound ? makeSound(seconds - seeded(seed + 1)() * 0.1, seed) : undefined;
  const metadata = {
    resolution: { width, height },
    frameCount: frames.length,
    totalDuration: seconds,
    piece: scene,
    exportedAt: new Date(RECORDED_AT + total).toISOString(),
    audioSampleRate: sound ? SAMPLE_RATE : null,
    pieceChanges: [],
    slug: null,
  };
  await mkdir(dirname(path), { recursive: true });
  await composeTape(path, { frames, timing, metadata, sound });
  return {
    path,
    frames: frames.length,
    uniqueFrames: frames.filter((png, n) => png !== frames[n - 1]).length,
    durations,
    width,
    height,
    seconds,
    soundSeconds: sound ? (sound.length - WAV_HEADER_BYTES) / 4 / SAMPLE_RATE : null,
  };
}
