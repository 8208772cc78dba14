import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import sharp from 'sharp';
import { Open } from 'unzipper';
import { argv } from '../service/lib/argv.ts';
import { recipeArguments, recipeRate, recipeThumbnail } from './recipe.ts';

/**
 * Bakes by the plain recipe, with which Oven is compared: one whole process from ZIP to MP4 and thumbnail, as in a service.
 * `node bench/plain.ts TAPE.zip --out DIR` prints `{mp4, thumbnail}` as JSON.
 */
async function bakePlainly(tape: string, out: string): Promise<{ mp4: string; thumbnail: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'plain-'));
  try {
    const zip = await Open.file(tape);
    await zip.extract({ path: folder });
    const names = await readdir(folder);
    const frames = names.filter((name) => name.endsWith('.png')).sort();
    const hasSound = names.includes('soundtrack.wav');
    const rate = recipeRate({
      frames: frames.length,
      soundSeconds: hasSound ? await soundSeconds(join(folder, 'soundtrack.wav')) : undefined,
      durations: names.includes('timing.json') ? await readDurations(join(folder, 'timing.json')) : [],
    });

    await mkdir(out, { recursive: true });
    const name = basename(tape, '.zip');
    const mp4 = resolve(out, `${name}.mp4`);
    await execa('ffmpeg', recipeArguments(rate, hasSound, mp4), { cwd: folder, stdin: 'ignore' });

    const { frame, enlarged } = recipeThumbnail(frames.length);
    const thumbnail = resolve(out, `${name}-thumb.jpg`);
    await makeThumbnail(join(folder, frames[frame]!), enlarged, thumbnail);
    return { mp4, thumbnail };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function soundSeconds(path: string): Promise<number> {
  const args = argv`-v error -show_entries format=duration -of csv=p=0 ${path}`;
  const { stdout } = await execa('ffprobe', args);
  return Number(stdout);
}

async function readDurations(path: string): Promise<number[]> {
  const timing: { duration: number }[] = JSON.parse(await readFile(path, 'utf8'));
  return timing.map(({ duration }) => duration);
}

async function makeThumbnail(frame: string, enlarged: number, output: string): Promise<void> {
  const { width, height } = await sharp(frame).metadata();
  const large = await sharp(frame)
    .resize(width * enlarged, height * enlarged, { kernel: 'nearest' })
    .toBuffer();
  await sharp(large)
    .resize(512, 512, { fit: 'contain', background: '#000' })
    .jpeg({ quality: 90 })
    .toFile(output);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: '.' } },
});
console.log(JSON.stringify(await bakePlainly(positionals[0]!, values.out)));
