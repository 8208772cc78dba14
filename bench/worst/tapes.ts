import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { createDeflate } from 'node:zlib';
import type { OutputRequest } from '../../service/bake/outputs.ts';
import { frameEntryName, jsonEntry, png, pngChunk, wav } from '../../test/tapes/hostile/parts.ts';
import { type Entry, zip } from '../../test/tapes/hostile/zip.ts';
import { encodePng } from '../../test/tapes/png.ts';
import { makeSound } from '../../test/tapes/sound.ts';

/** A tape that takes as much memory as a tape can, and what it is baked to. */
export interface WorstTape {
  readonly what: string;
  readonly make: () => Promise<Buffer>;
  readonly outputs?: readonly (OutputRequest & Record<string, unknown>)[];
}

const MB = 1e6;
const FRAME_MS = 1000 / 60;

/** A tape of these frames, each shown for one refresh of a display. */
function tapeOf(frames: readonly Buffer[], sound?: Buffer, ms = FRAME_MS): Buffer {
  const timing = frames.map((_, frame) => ({ frame, filename: frameEntryName(frame), duration: ms }));
  return zip([
    ...frames.map((data, n): Entry => ({ name: frameEntryName(n), data })),
    jsonEntry('timing.json', timing),
    ...(sound ? [{ name: 'soundtrack.wav', data: sound, deflate: true }] : []),
  ]);
}

/** zlib data that unpacks to so many bytes of zeros: about a thousandth of them. */
async function bomb(bytes: number): Promise<Buffer> {
  const packer = createDeflate({ level: 9 });
  const packed: Buffer[] = [];
  packer.on('data', (piece: Buffer) => packed.push(piece));
  const zeros = Buffer.alloc(MB);
  for (let sent = 0; sent < bytes; sent += zeros.length) {
    if (!packer.write(zeros)) await once(packer, 'drain');
  }
  packer.end();
  await once(packer, 'end');
  return Buffer.concat(packed);
}

/** Three frames, the first two of which have one more chunk before their pixels. */
async function withChunk(type: string, prefix: string, bytes: number): Promise<Buffer> {
  const chunk = pngChunk(type, Buffer.concat([Buffer.from(prefix, 'latin1'), await bomb(bytes)]));
  return tapeOf([png({ chunks: [chunk] }), png({ chunks: [chunk], value: 100 }), png({ value: 110 })]);
}

/** A picture of 6 × 4 whose data unpacks to so many bytes. */
async function withPixels(bytes: number): Promise<Buffer> {
  const honest = png();
  const data = pngChunk('IDAT', await bomb(bytes));
  return tapeOf([honest, Buffer.concat([honest.subarray(0, 33), data, honest.subarray(-12)])]);
}

/** Frames of random pixels: nothing compresses worse, or is harder to encode. */
async function noise(
  count: number,
  width: number,
  height: number,
  { ms, sound }: { ms?: number; sound?: Buffer } = {},
): Promise<Buffer> {
  const frames: Buffer[] = [];
  for (let n = 0; n < count; n++) {
    const pixels = new Uint8Array(width * height * 4);
    randomFillSync(pixels);
    for (let at = 3; at < pixels.length; at += 4) pixels[at] = 255;
    frames.push(await encodePng(pixels, width, height));
  }
  return tapeOf(frames, sound, ms);
}

/** Frames in which gradients move: they are encoded with B-frames. */
async function gradients(count: number, width: number, height: number): Promise<Buffer> {
  const frames: Buffer[] = [];
  for (let n = 0; n < count; n++) {
    const pixels = new Uint8Array(width * height * 4);
    for (let at = 0, y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at += 4) {
        pixels[at] = x + n * 7 + ((x * y) >> 6);
        pixels[at + 1] = y - n * 5 + ((x * x) >> 7);
        pixels[at + 2] = (x * y) >> 5;
        pixels[at + 3] = 255;
      }
    }
    frames.push(await encodePng(pixels, width, height));
  }
  return tapeOf(frames);
}

const still = () => png();
const soundOf = (sound: Buffer) => async () => tapeOf([still(), png({ value: 100 })], sound, 30_000);
const mp4 = [{ kind: 'mp4' }] as const;

const BOMBS: readonly WorstTape[] = [
  { what: 'iCCP of 0.2 MB, unpacks to 200 MB', make: () => withChunk('iCCP', 'p\0\0', 200 * MB) },
  { what: 'iCCP of 1.9 MB, unpacks to 1.9 GB', make: () => withChunk('iCCP', 'p\0\0', 1900 * MB) },
  { what: 'zTXt of 1.9 MB, unpacks to 1.9 GB', make: () => withChunk('zTXt', 'k\0\0', 1900 * MB) },
  { what: 'pixels of 1 MB, unpack to 1 GB', make: () => withPixels(1000 * MB) },
  { what: 'a frame of 30,000 × 30,000', make: async () => tapeOf([png({ width: 30_000, height: 30_000 })]) },
  { what: 'frames of 8,192 × 256', make: () => noise(12, 8192, 256) },
  { what: '400 MB of silence as the sound', make: soundOf(wav({ bytes: 400 * MB })) },
  {
    what: 'a sound of 64 channels at 768 kHz',
    make: soundOf(wav({ channels: 64, sampleRate: 768_000, bytes: 200 * MB })),
  },
  { what: 'a sound of MP3 that is none', make: soundOf(wav({ format: 85, bytes: 100 * MB })) },
  {
    what: 'a sound of ADPCM in one block',
    make: soundOf(wav({ format: 2, blockAlign: 65_535, bits: 4, bytes: 100 * MB })),
  },
];

const LARGEST = [2048, 1024] as const;

/** The largest and hardest tape that each output takes. Longer ones take more time, and no more memory. */
const LEGAL: readonly WorstTape[] = [
  {
    what: 'mp4, 2,048 × 1,024, noise',
    make: () => noise(24, ...LARGEST, { sound: makeSound(1) }),
    outputs: mp4,
  },
  { what: 'mp4, 1,280 × 1,280, gradients', make: () => gradients(30, 1280, 1280), outputs: mp4 },
  {
    what: 'mp4, 512 × 512, noise, scale 8',
    make: () => noise(16, 512, 512),
    outputs: [{ kind: 'mp4', scale: 8 }],
  },
  { what: 'webm, 2,048 × 1,024, noise', make: () => noise(16, ...LARGEST), outputs: [{ kind: 'webm' }] },
  {
    what: 'webm, 512 × 512, noise, scale 8',
    make: () => noise(12, 512, 512),
    outputs: [{ kind: 'webm', scale: 8 }],
  },
  { what: 'share, 2,048 × 1,024, noise', make: () => noise(16, ...LARGEST), outputs: [{ kind: 'share' }] },
  ...(['gif', 'webp'] as const).flatMap((kind): WorstTape[] => [
    {
      what: `${kind}, 1,024 × 1,024, noise`,
      make: () => noise(70, 1024, 1024, { ms: 40 }),
      outputs: [{ kind, maxSide: 1024 }],
    },
    {
      what: `${kind}, 512 × 512, noise, doubled`,
      make: () => noise(150, 512, 512, { ms: 40 }),
      outputs: [{ kind, maxSide: 1024 }],
    },
  ]),
  {
    what: 'thumbnail of 4,096, JPEG',
    make: () => noise(4, 1448, 1448),
    outputs: [{ kind: 'thumbnail', maxSide: 4096 }],
  },
  {
    what: 'thumbnail of 4,096, PNG',
    make: () => noise(4, 1448, 1448),
    outputs: [{ kind: 'thumbnail', maxSide: 4096, format: 'png' }],
  },
  {
    what: 'mp4 and thumbnail of 4,096',
    make: () => noise(24, 1448, 1448),
    outputs: [{ kind: 'mp4' }, { kind: 'thumbnail', maxSide: 4096 }],
  },
];

export const WORST_TAPES: readonly WorstTape[] = [...BOMBS, ...LEGAL];
