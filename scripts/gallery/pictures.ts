import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import sharp from 'sharp';
import { bake } from '../../service/bake/bake.ts';
import { hasForm, type OutputRequest } from '../../service/bake/outputs.ts';
import { argv } from '../../service/lib/argv.ts';
import { makeTape, type TapeSpec } from '../../test/tapes/make.ts';

const TAPE: TapeSpec = { scene: 'paint', width: 168, height: 96, seconds: 2, seed: 4 };
/** Pixels of the longer side of a picture, and bytes that it has at most. */
const SIDE = 240;
const MAX_BYTES = 40_000;

/** A picture of each output, by the name of its file. */
const PICTURES: Readonly<Record<string, OutputRequest>> = {
  'mp4.png': { kind: 'mp4' },
  'webm.png': { kind: 'webm' },
  'share.png': { kind: 'share' },
  'share-1080x1920.png': { kind: 'share', frame: '1080x1920', background: '#204060' },
  'share-1080x1080.png': { kind: 'share', frame: '1080x1080' },
  'share-1920x1080.png': { kind: 'share', frame: '1920x1080', background: '#204060' },
  'gif.gif': { kind: 'gif', maxSide: SIDE },
  'webp.webp': { kind: 'webp', maxSide: SIDE },
  'thumbnail.jpg': { kind: 'thumbnail', maxSide: SIDE },
  'thumbnail.png': { kind: 'thumbnail', maxSide: SIDE, at: 'last', format: 'png' },
  'thumbnail.webp': { kind: 'thumbnail', maxSide: SIDE, at: 0.5, format: 'webp' },
};

/**
 * Makes the pictures of the documentation in `folder`: each output itself where it is a picture, and otherwise a moment of the video. Gives
 * a line for each. Throws where one is larger than a repository should have.
 */
export async function makeDocsPictures(folder: string): Promise<string[]> {
  const work = await mkdtemp(join(tmpdir(), 'pictures-'));
  try {
    await mkdir(folder, { recursive: true });
    const tape = join(work, 'tape.zip');
    await makeTape(tape, TAPE);
    const lines: string[] = [];
    for (const [name, request] of Object.entries(PICTURES)) {
      const { outputs } = await bake(tape, { outDir: work, name: 'tape', outputs: [request] });
      const { path, width, height } = outputs[0]!;
      const picture = hasForm(request.kind, 'video') ? await momentOf(path) : await readFile(path);
      if (picture.length > MAX_BYTES) throw new Error(`${name} has ${picture.length} bytes`);
      await writeFile(join(folder, name), picture);
      lines.push(`${name}: of ${width}×${height}, ${picture.length} bytes`);
    }
    return lines;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The picture in the middle of the video, as a small PNG. */
async function momentOf(video: string): Promise<Buffer> {
  const args = argv`-v error -nostdin -ss ${TAPE.seconds / 2} -i ${video} -frames:v 1 -f image2pipe -c:v png -`;
  const { stdout } = await execa('ffmpeg', args, { encoding: 'buffer' });
  return sharp(stdout)
    .resize(SIDE, SIDE, { fit: 'inside' })
    .png({ compressionLevel: 9, palette: true })
    .toBuffer();
}
