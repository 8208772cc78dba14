import { execa } from 'execa';
import { expect } from 'vitest';
import { MAX_REPEATS } from '../../service/bake/encode/samples.ts';
import { argv } from '../../service/lib/argv.ts';
import { SAMPLE_RATE } from '../tapes/sound.ts';

/** The start of each picture of a video, in seconds. */
export async function pictureTimes(path: string): Promise<number[]> {
  const args = argv`-v error -select_streams v:0 -show_entries packet=pts_time -of json ${path}`;
  const { stdout } = await execa('ffprobe', args);
  const { packets } = JSON.parse(stdout) as { packets: { pts_time: string }[] };
  // Packets come in the order of decoding, which B-frames change.
  return packets.map(({ pts_time }) => Number(pts_time)).sort((a, b) => a - b);
}

/** The duration of the file, in seconds, by the file itself. */
export async function secondsOf(path: string): Promise<number> {
  const { stdout } = await execa('ffprobe', argv`-v error -show_entries format=duration -of csv=p=0 ${path}`);
  return Number(stdout);
}

/** The codecs of a video, in the order of its streams. */
export async function codecsOf(path: string): Promise<string[]> {
  const { stdout } = await execa(
    'ffprobe',
    argv`-v error -show_entries stream=codec_name -of csv=p=0 ${path}`,
  );
  return stdout.split('\n');
}

/** Expects times in seconds that agree within `tolerance` ms, one by one. */
export function expectTimes(found: readonly number[], expected: readonly number[], tolerance = 1): void {
  expect(found).toHaveLength(expected.length);
  const worst = expected.reduce((most, time, n) => Math.max(most, Math.abs(found[n]! - time) * 1000), 0);
  expect(worst).toBeLessThanOrEqual(tolerance);
}

/** Expects a video that shows pictures at `changes`, within 1 ms, and ends at the last one. A few pictures may be several samples. */
export async function expectVideo(path: string, changes: readonly number[]): Promise<void> {
  const found = await pictureTimes(path);
  const nearest = (time: number) =>
    found.reduce((best, each) => (Math.abs(each - time) < Math.abs(best - time) ? each : best));
  const begins = changes.slice(0, -1);
  expectTimes(begins.map(nearest), begins);
  expect(found.length - begins.length).toBeGreaterThanOrEqual(0);
  expect(found.length - begins.length).toBeLessThanOrEqual(MAX_REPEATS);
  // The last block of sound may reach beyond the pictures.
  const sounding = (await codecsOf(path)).length > 1;
  expect(Math.abs((await secondsOf(path)) - changes.at(-1)!)).toBeLessThanOrEqual(sounding ? 0.03 : 0.001);
}

/** Decodes picture `index` of a video, scaled to `width` × `height` by nearest neighbour, as RGB of 3 bytes a pixel. */
export async function decodePicture(
  path: string,
  index: number,
  width: number,
  height: number,
): Promise<Buffer> {
  const scale = `scale=${width}:${height}:flags=neighbor+accurate_rnd+full_chroma_int`;
  const filters = `select=eq(n\\,${index}),${scale},format=rgb24`;
  const args = argv`-v error -i ${path} -vf ${filters} -frames:v 1 -f rawvideo -`;
  const { stdout } = await execa('ffmpeg', args, { encoding: 'buffer' });
  const pixels = Buffer.from(stdout);
  expect(pixels).toHaveLength(width * height * 3);
  return pixels;
}

/** Decodes the sound's first channel as samples at 48 kHz from the start of the video. */
export async function decodeSound(path: string): Promise<Float32Array> {
  const filter = `pan=mono|c0=c0,aresample=${SAMPLE_RATE}:async=1:first_pts=0`;
  // Otherwise ffmpeg shifts a WebM as a whole, since its sound begins a few ms early.
  const args = argv`-v error -copyts -i ${path} -vn -af ${filter} -f f32le -`;
  const { stdout } = await execa('ffmpeg', args, { encoding: 'buffer' });
  return new Float32Array(Uint8Array.from(stdout).buffer);
}
