// `npm run gallery` bakes five tapes of different kinds to every output, and makes a page of them in .cache/gallery. With `--docs` it
// makes the small pictures of docs/outputs.md instead.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bake } from '../service/bake/bake.ts';
import type { OutputRequest } from '../service/bake/outputs.ts';
import { makeTape, type TapeSpec } from '../test/tapes/make.ts';
import { type Baked, renderGallery, type Shown } from './gallery/page.ts';
import { makeDocsPictures } from './gallery/pictures.ts';

const GALLERY = fileURLToPath(new URL('../.cache/gallery', import.meta.url));
const PICTURES = fileURLToPath(new URL('../docs/pictures', import.meta.url));

const TAPES: Readonly<Record<string, TapeSpec>> = {
  drawing: { scene: 'sprites', width: 256, height: 192, seconds: 4 },
  phone: { scene: 'paint', width: 195, height: 422, seconds: 4, sound: true, seed: 2 },
  plot: { scene: 'plot', width: 333, height: 187, seconds: 4, stalls: true, seed: 3 },
  wire: { scene: 'wire', width: 320, height: 240, seconds: 4, sound: true },
  text: { scene: 'prompt', width: 337, height: 160, seconds: 4 },
};

/** Outputs that are made together: a bake has each kind once. The first has every kind, the others what a kind can be beside that. */
const BAKES: readonly (readonly OutputRequest[])[] = [
  [
    { kind: 'mp4' },
    { kind: 'webm' },
    { kind: 'share' },
    { kind: 'gif' },
    { kind: 'webp' },
    { kind: 'thumbnail' },
  ],
  [
    { kind: 'share', frame: '1080x1920', background: '#204060' },
    { kind: 'thumbnail', at: 'first', format: 'png' },
  ],
  [
    { kind: 'share', frame: '1080x1080', fps: 30 },
    { kind: 'thumbnail', at: 'last', format: 'webp' },
  ],
  [{ kind: 'share', frame: '1920x1080', background: '#f0e0d0' }],
];

const { values } = parseArgs({ options: { docs: { type: 'boolean', default: false } } });
if (values.docs) console.log((await makeDocsPictures(PICTURES)).join('\n'));
else console.log(pathToFileURL(await makeGallery()).href);

/** Bakes all tapes, and gives the path of the page. */
async function makeGallery(): Promise<string> {
  await rm(GALLERY, { recursive: true, force: true });
  await mkdir(GALLERY, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'gallery-'));
  try {
    const baked: Baked[] = [];
    for (const [name, spec] of Object.entries(TAPES)) {
      const tape = join(work, `${name}.zip`);
      await makeTape(tape, spec);
      const shown: Shown[] = [];
      for (const [n, requests] of BAKES.entries()) {
        const { outputs } = await bake(tape, {
          outDir: GALLERY,
          name: `${name}-${n + 1}`,
          outputs: requests,
        });
        shown.push(
          ...outputs.map((report) => ({
            report,
            request: requests.find(({ kind }) => kind === report.kind)!,
          })),
        );
      }
      baked.push({ name, spec, shown });
      console.log(`${name}: ${shown.length} outputs`);
    }
    const page = join(GALLERY, 'index.html');
    await writeFile(page, `${renderGallery(baked)}`);
    return page;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
