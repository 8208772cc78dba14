import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderGallery } from '../../scripts/gallery/page.ts';
import { fileTypes, OUTPUT_KINDS } from '../../service/bake/outputs.ts';
import { SHARE_FRAMES } from '../../service/bake/plan/share.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const page = readFileSync(join(DOCS, 'outputs.md'), 'utf8');

it.each(OUTPUT_KINDS)(
  'The documentation has a picture of the output %s, of each type of its files',
  (kind) => {
    const pictures = [...page.matchAll(/\]\((pictures\/[^)]+)\)/g)].map(([, path]) => path!);
    expect(page).toContain(`\`${kind}\``);
    expect(pictures.filter((path) => path.includes(`/${kind}`)).length).toBeGreaterThanOrEqual(
      fileTypes(kind).length,
    );
  },
);

it('The documentation has a picture of each frame of a share video', () => {
  for (const frame of SHARE_FRAMES.filter((frame) => frame !== 'source')) {
    expect(page).toContain(`pictures/share-${frame}.png`);
  }
});

it('Every picture is on the page, and small', () => {
  for (const name of readdirSync(join(DOCS, 'pictures'))) {
    expect(page).toContain(`(pictures/${name})`);
    expect(statSync(join(DOCS, 'pictures', name)).size).toBeLessThanOrEqual(40_000);
  }
});

it('The page of all outputs says what was asked for and what came, and shows the ThumbHash', () => {
  const report = {
    kind: 'thumbnail',
    path: '/x/a b-thumb.png',
    width: 512,
    height: 384,
    bytes: 67_000,
  } as const;
  const html = `${renderGallery([
    {
      name: 'drawing',
      spec: { scene: 'sprites', width: 256, height: 192, seconds: 4 },
      shown: [
        {
          report: { ...report, thumbHash: 'WwkKNJqAh4eAiId4iHeAcAj4iA==' },
          request: { kind: 'thumbnail', at: 'first', format: 'png' },
        },
        {
          report: { ...report, kind: 'share', path: '/x/a b-share.mp4' },
          request: { kind: 'share', frame: '1080x1920' },
        },
      ],
    },
  ])}`;
  expect(html).toContain('<b>thumbnail, at first, format png</b> 512×384, 67 kB');
  expect(html).toContain('<img src="a%20b-thumb.png" width="512" height="384"');
  expect(html).toMatch(/src="data:image\/bmp;base64,[\w+/=]+"/);
  expect(html).toMatch(
    /<video src="a%20b-share\.mp4#t=2"[^>]*><\/video>\s*<figcaption><b>share, frame 1080x1920</,
  );
});
