/** The tapes that a candidate and the self-check bake, made from nothing. */
import { crc32, deflateSync } from 'node:zlib';

const WIDTH = 33; // odd, as often in the recorder's tapes
const HEIGHT = 24;
const FRAME_MS = 1000 / 60;
const RATE = 48_000;

/** A tape that every release must bake with every encoder. */
export interface BuiltInTape {
  /** The bytes of its ZIP. */
  readonly zip: Buffer;
  readonly seconds: number;
}

/** A tenth of a second of a moving bright square, with sound. */
export function movingTape(): BuiltInTape {
  const durations = Array<number>(6).fill(FRAME_MS);
  return tapeOf(durations, square, sound(total(durations)));
}

/**
 * A tape that encoders and players get wrong in different ways: a few pictures of soft colours, which are encoded with B-frames, at
 * irregular times, without sound, and the last picture is shown for long.
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
    piece: 'oven',
    audioSampleRate: soundtrack ? RATE : null,
    pieceChanges: [],
    slug: null,
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

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** A PNG of opaque pixels, 3 bytes each. Libraries that write images stay out of the service's process, and this is short. */
export function rgbPng(pixels: Buffer, width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8); // bits, and RGB
  const stride = width * 3;
  const rows = Array.from({ length: height }, (_, y) => [
    Buffer.alloc(1), // not filtered
    pixels.subarray(y * stride, (y + 1) * stride),
  ]);
  const parts = [
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows.flat()))),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([SIGNATURE, ...parts]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const DATE_1980 = 0x21;

/** A ZIP of a few small files, not compressed. Libraries that write ZIPs are for tests only, and this is short. */
export function storedZip(files: Readonly<Record<string, Buffer>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of Object.entries(files)) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(VERSION, 0);
    common.writeUInt16LE(DATE_1980, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([number(LOCAL), common, Buffer.from(name), data]);
    const central = Buffer.alloc(14); // comment, disk and attributes: none
    central.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([number(CENTRAL), short(VERSION), common, central, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(index.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, index, number(END), end]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
