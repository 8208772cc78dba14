import { execa } from 'execa';

/** Size of a video in pixels, and the start of each picture, in seconds, in the order shown. */
export interface Shown {
  readonly width: number;
  readonly height: number;
  readonly times: readonly number[];
}

/** Decodes a whole video with the program `ffmpeg`, and throws the decoder's complaints. */
export async function decodeTimes(path: string, ffmpeg: string): Promise<Shown> {
  const args = ['-hide_banner', '-nostats', '-copyts', '-v', 'info', '-i', path, '-map', '0:v:0'];
  const { stderr } = await execa(ffmpeg, [
    ...[
      ...args,
      '-vf',
      'showinfo',
      '-fps_mode',
      'passthrough',
      '-enc_time_base',
      '1/90000',
      '-f',
      'null',
      '-',
    ],
  ]);
  const lines = stderr.split('\n').filter((line) => line.includes('showinfo'));
  const wrong = stderr.split('\n').find((line) => /error|invalid|corrupt|missing/i.test(line));
  if (wrong) throw new Error(`the decoder says: ${wrong.trim()}`);
  const shown = lines.flatMap((line) => {
    const [, time, width, height] = /pts_time:\s*(\S+).* s:(\d+)x(\d+)/.exec(line) ?? [];
    return time ? [{ time: Number(time), width: Number(width), height: Number(height) }] : [];
  });
  if (shown.length === 0) throw new Error('there is no picture in it');
  const { width, height } = shown[0]!;
  return { width, height, times: shown.map(({ time }) => time) };
}

/** Decodes the pictures with these numbers as they are stored: yuv420p, one after the other. */
export async function decodePictures(
  path: string,
  { width, height }: Shown,
  numbers: readonly number[],
  ffmpeg: string,
): Promise<Buffer[]> {
  const select = `select=${numbers.map((n) => `eq(n\\,${n})`).join('+')}`;
  const args = ['-v', 'error', '-i', path, '-map', '0:v:0', '-vf', select, '-fps_mode', 'passthrough'];
  const { stdout } = await execa(ffmpeg, [...args, '-pix_fmt', 'yuv420p', '-f', 'rawvideo', '-'], {
    encoding: 'buffer',
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  const size = width * height + 2 * chromaSize(width, height);
  if (stdout.length !== numbers.length * size) throw new Error('not every picture can be decoded');
  return numbers.map((_, n) => Buffer.from(stdout.buffer, stdout.byteOffset + n * size, size));
}

function chromaSize(width: number, height: number): number {
  return Math.ceil(width / 2) * Math.ceil(height / 2);
}

/**
 * Reduces a picture of limited-range BT.709 to `width` × `height`, as RGB of 3 bytes a pixel. Each pixel is the mean of those that it
 * became.
 */
export function shrink(yuv: Buffer, shown: Shown, width: number, height: number): Buffer {
  // The additional column or row of an odd size belongs to no pixel.
  const factor = Math.max(1, Math.floor(Math.min(shown.width / width, shown.height / height)));
  const luma = yuv.subarray(0, shown.width * shown.height);
  const chroma = chromaSize(shown.width, shown.height);
  const blue = yuv.subarray(luma.length, luma.length + chroma);
  const red = yuv.subarray(luma.length + chroma);
  const chromaWidth = Math.ceil(shown.width / 2);
  const rgb = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [top, left] = [y * factor, x * factor];
      const brightness = meanOf(luma, shown.width, left, top, factor);
      const half = Math.max(1, factor >> 1);
      const [cb, cr] = [blue, red].map(
        (plane) => meanOf(plane, chromaWidth, left >> 1, top >> 1, half) - 128,
      );
      const grey = ((brightness - 16) * 255) / 219;
      const at = (y * width + x) * 3;
      rgb[at] = clamp(grey + (1.5748 * cr! * 255) / 224);
      rgb[at + 1] = clamp(grey - ((0.1873 * cb! + 0.4681 * cr!) * 255) / 224);
      rgb[at + 2] = clamp(grey + (1.8556 * cb! * 255) / 224);
    }
  }
  return rgb;
}

function meanOf(plane: Buffer, stride: number, left: number, top: number, side: number): number {
  let sum = 0;
  for (let y = top; y < top + side; y += 1) {
    for (let x = left; x < left + side; x += 1) sum += plane[y * stride + x]!;
  }
  return sum / (side * side);
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}

/** Likeness of two pictures in dB; infinite where they are equal. */
export function psnr(a: Buffer, b: Buffer): number {
  if (a.length !== b.length) return Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at]! - b[at]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.length));
}
