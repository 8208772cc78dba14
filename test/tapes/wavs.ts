import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { wavChunk } from './hostile/parts.ts';

/** A WAV file that another program writes. */
interface WavKind {
  readonly name: string;
  /** The program's arguments for its output. */
  readonly args: string;
}

/** All codings that ffmpeg writes to WAV files, at many rates and with many layouts of channels. */
const FFMPEG_WAVS: readonly WavKind[] = [
  ...['u8', 's16le', 's24le', 's32le', 's64le', 'f32le', 'f64le', 'alaw', 'mulaw'].map((coding) => ({
    name: `pcm_${coding}`,
    args: `-c:a pcm_${coding}`,
  })),
  ...['adpcm_ms', 'adpcm_ima_wav', 'adpcm_yamaha', 'libmp3lame', 'mp2', 'ac3', 'flac'].map((coding) => ({
    name: coding,
    args: `-c:a ${coding}`,
  })),
  ...['g726', 'libgsm_ms', 'g723_1 -b:a 6.3k'].map((coding) => ({
    name: coding.split(' ')[0]!,
    args: `-c:a ${coding} -ar 8000 -ac 1`,
  })),
  { name: 'adpcm_swf', args: '-c:a adpcm_swf -ar 44100' },
  { name: 'mulaw of 8 kHz, mono', args: '-c:a pcm_mulaw -ar 8000 -ac 1' },
  ...[4000, 6000, 8000, 11025, 16000, 22050, 32000, 44100, 88200, 96000, 176400, 192000, 384000].map(
    (rate) => ({
      name: `${rate} Hz`,
      args: `-ar ${rate}`,
    }),
  ),
  ...['mono', '2.1', '4.0', 'quad', '5.0', '5.1', '6.1', '7.1'].map((layout) => ({
    name: layout,
    args: `-af aformat=channel_layouts=${layout}`,
  })),
  { name: '5.1 of floats', args: '-c:a pcm_f32le -af aformat=channel_layouts=5.1' },
  { name: '16 channels', args: '-af pan=16c|c0=c0|c1=c1' },
  { name: 'RF64', args: '-rf64 always' },
  { name: 'RF64 of 24 bits', args: '-rf64 always -c:a pcm_s24le' },
  { name: 'Sony W64', args: '-f w64' },
  { name: 'W64 of 24 bits', args: '-f w64 -c:a pcm_s24le -ar 44100' },
  { name: 'chunks bext and LIST', args: '-write_bext 1 -metadata title=odd -metadata description=longer' },
  { name: 'a chunk PEAK', args: '-write_peak on -c:a pcm_s16le' },
];

/** Files by name; undefined where the program is missing, or can't write the kind. */
export type Wavs = ReadonlyMap<string, Buffer | undefined>;

/** Writes a WAV file of each kind from the one at `source` by one run of ffmpeg, and gives their bytes. */
export async function ffmpegWavs(folder: string, source: string): Promise<Wavs> {
  const { stdout: encoders } = await execa('ffmpeg', ['-v', 'error', '-encoders']);
  const known = FFMPEG_WAVS.filter((kind) => isKnown(kind, encoders));
  const files = known.map(({ name, args }, n) => ({ name, args, path: join(folder, `by-ffmpeg-${n}.wav`) }));
  const outputs = files.flatMap(({ args, path }) => {
    return ['-map', '0:a', ...(args.includes('-f ') ? [] : ['-f', 'wav']), ...args.split(' '), path];
  });
  await execa('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-i', source, ...outputs]);
  const unknown = FFMPEG_WAVS.filter((kind) => !known.includes(kind));
  return new Map([...(await bytesByName(files)), ...unknown.map(({ name }) => [name, undefined] as const)]);
}

/** Whether an ffmpeg with these encoders can write a kind. That of some hosts has fewer encoders. */
function isKnown({ args }: WavKind, encoders: string): boolean {
  const encoder = /-c:a (\S+)/.exec(args)?.[1];
  return encoder === undefined || encoders.includes(` ${encoder} `);
}

/** Kinds that sox writes in another way than ffmpeg. */
const SOX_WAVS: readonly WavKind[] = [
  { name: 'sox: RIFX of 16 bits', args: '-B' },
  { name: 'sox: RIFX of 8 bits', args: '-B -b 8' },
  { name: 'sox: RIFX of 24 bits', args: '-B -b 24' },
  { name: 'sox: RIFX of 32 bits', args: '-B -b 32' },
  { name: 'sox: RIFX of floats', args: '-B -e floating-point -b 32' },
  { name: 'sox: RIFX of doubles', args: '-B -e floating-point -b 64' },
  { name: 'sox: 8 bits', args: '-b 8' },
  { name: 'sox: 24 bits', args: '-b 24' },
  { name: 'sox: 32 bits', args: '-b 32' },
  { name: 'sox: wavpcm of 24 bits', args: '-t wavpcm -b 24' },
  { name: 'sox: doubles', args: '-e floating-point -b 64' },
  { name: 'sox: A-law', args: '-e a-law' },
  { name: 'sox: µ-law', args: '-e u-law' },
  { name: 'sox: MS ADPCM', args: '-e ms-adpcm' },
  { name: 'sox: IMA ADPCM', args: '-e ima-adpcm' },
  { name: 'sox: GSM', args: '-e gsm-full-rate -r 8000 -c 1' },
  { name: 'sox: W64', args: '-t w64' },
  { name: 'sox: a comment of odd length', args: '--comment odd' },
  { name: 'sox: 11,127 Hz', args: '-r 11127' },
  { name: 'sox: six channels', args: '-c 6' },
];

/** Writes a WAV file of each kind from the one at `source` by sox, and gives their bytes. */
export async function soxWavs(folder: string, source: string): Promise<Wavs> {
  if ((await execa('sox', ['--version'], { reject: false })).failed) {
    return new Map(SOX_WAVS.map(({ name }) => [name, undefined]));
  }
  const files = SOX_WAVS.map(({ name, args }, n) => ({ name, args, path: join(folder, `by-sox-${n}.wav`) }));
  await Promise.all(files.map(({ args, path }) => execa('sox', ['-D', source, ...args.split(' '), path])));
  return bytesByName(files);
}

async function bytesByName(
  files: readonly { name: string; path: string }[],
): Promise<ReadonlyMap<string, Buffer>> {
  return new Map(
    await Promise.all(files.map(async ({ name, path }) => [name, await readFile(path)] as const)),
  );
}

/** A chunk without the byte that pads it. */
function unpadded(id: string, data: Buffer): Buffer {
  return wavChunk(id, data).subarray(0, 8 + data.length);
}

/** Files with the mistakes of other writers, made of the recorder's file: 44 bytes, and samples of 16 bits in stereo. */
export function oddWavs(plain: Buffer): Wavs {
  const set = (...changes: readonly (readonly [at: number, value: number, bytes?: number])[]) => {
    const bytes = Buffer.from(plain);
    for (const [at, value, length = 4] of changes) bytes.writeUIntLE(value, at, length);
    return bytes;
  };
  const [form, fmt, data] = [plain.subarray(0, 12), plain.subarray(12, 36), plain.subarray(36)];
  const samples = plain.subarray(44);
  const before = (...chunks: readonly Buffer[]) => Buffer.concat([form, fmt, ...chunks, data]);
  const odd = Buffer.from('an odd one.');
  const list = Buffer.concat([Buffer.from('INFOISFT\x05\0\0\0abcd\0', 'latin1')]);
  const wide = samplesOf(samples, 4, (view, at, value) => view.setInt32(at, value << 16, true));
  const doubles = samplesOf(samples, 8, (view, at, value) => view.setFloat64(at, value / 2 ** 15, true));
  const extensible = (bits: number, valid: number, bytes: number, blockAlign = bytes * 2) => {
    const chunk = Buffer.alloc(40);
    chunk.writeUInt16LE(0xfffe, 0);
    chunk.writeUInt16LE(2, 2);
    chunk.writeUInt32LE(48_000, 4);
    chunk.writeUInt32LE(48_000 * blockAlign, 8);
    chunk.writeUInt16LE(blockAlign, 12);
    chunk.writeUInt16LE(bits, 14);
    chunk.writeUInt16LE(22, 16);
    chunk.writeUInt16LE(valid, 18);
    chunk.writeUInt32LE(3, 20);
    chunk.write('0100000000001000800000aa00389b71', 24, 'hex');
    return wavChunk('fmt ', chunk);
  };
  const long = Buffer.alloc(28);
  long.writeBigUInt64LE(BigInt(samples.length), 8);
  return new Map<string, Buffer>([
    ['as the recorder writes it', plain],
    ['a length of 0', set([4, 0], [40, 0])],
    ['a length of -1', set([4, 0xffffffff], [40, 0xffffffff])],
    ['a length beyond the end', set([40, plain.length * 3])],
    ['an odd length', set([40, samples.length - 1])],
    ['cut off within a sample', plain.subarray(0, -3)],
    ['a blockAlign of 2', set([32, 2, 2])],
    ['a blockAlign of 0', set([32, 0, 2])],
    ['a blockAlign of 8', set([32, 8, 2])],
    ['a blockAlign of 8, and as many bytes a second', set([32, 8, 2], [28, 8 * 48_000])],
    ['0 bytes a second', set([28, 0])],
    ['16 bits in 12', set([34, 12, 2])],
    ['an odd LIST with its padding', before(wavChunk('LIST', list))],
    ['an odd LIST without its padding', before(unpadded('LIST', list))],
    ['an odd LIST padded by another byte', before(unpadded('LIST', list), Buffer.from('x'))],
    ['an odd chunk of no known name, without padding', before(unpadded('what', odd))],
    ['an odd chunk before one of no known name', before(unpadded('LIST', list), wavChunk('what', odd))],
    ['JUNK before the format', Buffer.concat([form, wavChunk('JUNK', Buffer.alloc(28)), fmt, data])],
    ['a picture of 300 KB before', before(wavChunk('id3 ', Buffer.alloc(300_001, 1)))],
    ['chunks after', Buffer.concat([plain, wavChunk('LIST', list), wavChunk('cue ', Buffer.alloc(28))])],
    ['bytes after', Buffer.concat([plain, Buffer.alloc(999, 77)])],
    ['extensible', Buffer.concat([form, extensible(16, 16, 2), data])],
    ['20 bits in 4 bytes', Buffer.concat([form, extensible(32, 20, 4), wavChunk('data', wide)])],
    [
      '20 bits in 4 bytes, said to be 20',
      Buffer.concat([form, extensible(20, 20, 4), wavChunk('data', wide)]),
    ],
    [
      'BW64',
      Buffer.concat([
        Buffer.from('BW64\xff\xff\xff\xffWAVE', 'latin1'),
        wavChunk('ds64', long),
        fmt,
        endless(data),
      ]),
    ],
    [
      'RF64 without a length',
      Buffer.concat([
        Buffer.from('RF64\xff\xff\xff\xffWAVE', 'latin1'),
        wavChunk('ds64', Buffer.alloc(28)),
        fmt,
        endless(data),
      ]),
    ],
    [
      'doubles',
      Buffer.concat([set([20, 3, 2], [34, 64, 2], [32, 16, 2]).subarray(0, 36), wavChunk('data', doubles)]),
    ],
  ]);
}

/** The chunk of samples with an unknown length. */
function endless(data: Buffer): Buffer {
  const bytes = Buffer.from(data);
  bytes.writeUInt32LE(0xffffffff, 4);
  return bytes;
}

/** Samples of 16 bits, each written in `size` bytes. */
function samplesOf(
  samples: Buffer,
  size: number,
  write: (view: DataView, at: number, value: number) => void,
): Buffer {
  const bytes = Buffer.alloc((samples.length / 2) * size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let n = 0; n < samples.length / 2; n++) write(view, n * size, samples.readInt16LE(n * 2));
  return bytes;
}
