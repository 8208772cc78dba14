import { rgbPng } from './png.ts';
import { storedZip } from './zip.ts';

const WIDTH = 33; // odd, as those of the recorder often are
const HEIGHT = 24;
const FRAME_MS = 1000 / 60;
const RATE = 48_000;

/** A tape that every release, on every encoder, must be able to bake. */
export interface BuiltInTape {
  /** The bytes of its ZIP. */
  readonly zip: Buffer;
  readonly seconds: number;
}

/** A tenth of a second of a bright square that moves, with sound. */
export function movingTape(): BuiltInTape {
  const durations = Array<number>(6).fill(FRAME_MS);
  return tapeOf(durations, square, sound(total(durations)));
}

/**
 * What encoders and players get wrong in their own ways: a few pictures of soft colours, which are encoded with B-frames, at irregular
 * times, without sound, the last one of which stays for long.
 */
export function irregularTape(): BuiltInTape {
  return tapeOf([10, 37, 100, 16.67, 250, 60, 3000], softColours);
}

function tapeOf(
  durations: readonly number[],
  draw: (frame: number) => Buffer,
  soundtrack?: Buffer,
): BuiltInTape {
  const files: Record<string, Buffer> = {};
  const timing: object[] = [];
  let timestamp = 1.7e12;
  for (const [frame, duration] of durations.entries()) {
    const filename = `frame-${String(frame).padStart(5, '0')}.png`;
    files[filename] = rgbPng(draw(frame), WIDTH, HEIGHT);
    timing.push({ frame, filename, duration, timestamp });
    timestamp += duration;
  }
  files['timing.json'] = json(timing);
  files['metadata.json'] = json({
    resolution: { width: WIDTH, height: HEIGHT },
    frameCount: durations.length,
    totalDuration: total(durations),
    ...{ piece: 'oven', audioSampleRate: soundtrack ? RATE : null, pieceChanges: [], slug: null },
  });
  if (soundtrack) files['soundtrack.wav'] = soundtrack;
  return { zip: storedZip(files), seconds: total(durations) };
}

/** Seconds. */
function total(durations: readonly number[]): number {
  return durations.reduce((sum, ms) => sum + ms, 0) / 1000;
}

function square(frame: number): Buffer {
  return pixels((x, y) => {
    const isInside = Math.abs(x - 4 * frame - 4) < 3 && Math.abs(y - 12) < 5;
    return isInside ? [255, 160, 40] : [20, 30, 60];
  });
}

function softColours(frame: number): Buffer {
  return pixels((x, y) => [
    128 + 90 * Math.sin((x + 3 * frame) / 7),
    128 + 90 * Math.sin((x + y - 2 * frame) / 9),
    96,
  ]);
}

function pixels(colour: (x: number, y: number) => readonly number[]): Buffer {
  const rgb = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let at = 0; at < WIDTH * HEIGHT; at += 1) {
    rgb.set(colour(at % WIDTH, Math.floor(at / WIDTH)), at * 3);
  }
  return rgb;
}

/** A WAV of 16-bit stereo. */
function sound(seconds: number): Buffer {
  const samples = Math.round(seconds * RATE);
  const bytes = Buffer.alloc(44 + samples * 4);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(2, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * 4, 28);
  bytes.writeUInt16LE(4, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(samples * 4, 40);
  for (let sample = 0; sample < samples; sample += 1) {
    const value = Math.round(Math.sin((sample * 440 * 2 * Math.PI) / RATE) * 8000);
    bytes.writeInt16LE(value, 44 + sample * 4);
    bytes.writeInt16LE(value, 46 + sample * 4);
  }
  return bytes;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
