import { crc32, deflateSync } from 'node:zlib';
import type { Entry } from './zip.ts';

/** The options of `png`: its pixels, and wrong fields of its header. */
export interface PngOptions {
  /** Pixels. */
  readonly width?: number;
  /** Pixels. */
  readonly height?: number;
  /** 6 is RGBA, 2 is RGB. */
  readonly colourType?: 2 | 6;
  /** Value of every byte of every pixel. */
  readonly value?: number;
  /** Chunks between the header and the pixels. */
  readonly chunks?: readonly Buffer[];
}

/** A PNG of one colour, 8 bits a channel. Above 10,000 pixels it has a header only, and its pixels must not be read. */
export function png({
  width = 6,
  height = 4,
  colourType = 6,
  value = 90,
  chunks = [],
}: PngOptions = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = colourType;
  const row = Buffer.alloc(1 + width * (colourType === 6 ? 4 : 3), value);
  row[0] = 0; // no filter
  const rows = width * height > 10_000 ? row : Buffer.concat(new Array<Buffer>(height).fill(row));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...chunks,
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A chunk of a PNG, with its length and CRC-32. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}

/** The fields of a WAV header. Their defaults are the recorder's. */
export interface WavOptions {
  readonly format?: number;
  readonly channels?: number;
  readonly sampleRate?: number;
  readonly bits?: number;
  readonly blockAlign?: number;
  /** Bytes of samples in the file. */
  readonly bytes?: number;
  /** Bytes of samples by the header. */
  readonly claimed?: number;
  /** Chunks before the samples. */
  readonly before?: Buffer;
}

/** A WAV file of silence. */
export function wav(options: WavOptions = {}): Buffer {
  const { format = 1, channels = 2, sampleRate = 48_000, bits = 16, bytes = 19_200 } = options;
  const blockAlign = options.blockAlign ?? (channels * bits) / 8;
  const header = Buffer.alloc(36);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(format, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * blockAlign, 28);
  header.writeUInt16LE(blockAlign, 32);
  header.writeUInt16LE(bits, 34);
  const data = Buffer.alloc(8);
  data.write('data', 'latin1');
  data.writeUInt32LE(options.claimed ?? bytes, 4);
  return Buffer.concat([header, options.before ?? Buffer.alloc(0), data, Buffer.alloc(bytes)]);
}

/** A chunk of a WAV file, padded to an even length. */
export function wavChunk(id: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

/** The name of frame `index` in a tape. */
export function frameEntryName(index: number): string {
  return `frame-${String(index).padStart(5, '0')}.png`;
}

/** `count` tiny frames, each of a different shade. */
export function frameEntries(count: number, options: PngOptions = {}): Entry[] {
  return Array.from({ length: count }, (_, index) => ({
    name: frameEntryName(index),
    data: png({ value: index % 256, ...options }),
  }));
}

/** An entry of JSON, or of the text given. */
export function jsonEntry(name: string, value: unknown): Entry {
  return { name, data: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) };
}

/** timing.json as the recorder writes it: 60 frames a second, absolute timestamps. */
export function timingOf(
  count: number,
): { frame: number; filename: string; duration: number; timestamp: number }[] {
  return Array.from({ length: count }, (_, frame) => ({
    frame,
    filename: frameEntryName(frame),
    duration: 1000 / 60,
    timestamp: 1_700_000_000_000.25 + (frame * 1000) / 60,
  }));
}

/** All entries of a small tape as the recorder writes it, in its order. */
export function tapeEntries(count = 3): Entry[] {
  const metadata = {
    resolution: { width: 6, height: 4 },
    frameCount: count,
    totalDuration: count / 60,
    piece: 'prompt',
    exportedAt: '2025-01-02T03:04:05.678Z',
    audioSampleRate: 48_000,
    pieceChanges: [],
    slug: '2025.01.02.03.04.05.678',
  };
  return [
    ...frameEntries(count),
    jsonEntry('timing.json', timingOf(count)),
    jsonEntry('metadata.json', metadata),
    { name: 'soundtrack.wav', data: wav() },
  ];
}

/** The entries, with those of the same name replaced, and others added at the end. */
export function withEntries(entries: readonly Entry[], ...changes: readonly Entry[]): Entry[] {
  const replaced = entries.map((entry) => changes.find(({ name }) => name === entry.name) ?? entry);
  const added = changes.filter(({ name }) => !entries.some((entry) => entry.name === name));
  return [...replaced, ...added];
}
