import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderOutputs } from '../../bench/outputs/costs.ts';
import { countDecodes, countSignatures } from '../../bench/outputs/decodes.ts';
import { makeTape } from '../tapes/make.ts';
import { encodePng } from '../tapes/png.ts';

it('PNGs are counted by their signatures', async () => {
  const png = await encodePng(new Uint8Array(16), 2, 2);
  expect(countSignatures(Buffer.concat([png, Buffer.from('x'), png, png.subarray(0, 7)]))).toBe(2);
});

it('Every video decodes each picture once, and images only those that they show', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'decodes-test-'));
  try {
    const tape = await makeTape(join(folder, 'tape.zip'), {
      scene: 'sprites',
      width: 48,
      height: 32,
      seconds: 0.5,
    });
    const of = (...kinds: ('mp4' | 'webm' | 'thumbnail' | 'gif')[]) =>
      countDecodes(
        tape.path,
        kinds.map((kind) => ({ kind })),
        folder,
      );
    expect(await of('mp4', 'thumbnail')).toEqual({ encoder: tape.uniqueFrames, images: 1 });
    const { encoder, images } = await of('mp4', 'webm', 'gif');
    expect(encoder).toBe(2 * tape.uniqueFrames);
    // 25 of 60 pictures a second.
    expect(images).toBeLessThan(tape.uniqueFrames / 2);
    expect(images).toBeGreaterThan(8);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);

it('The table of outputs has what each adds to the first', () => {
  const cost = (outputs: string, seconds: number) => ({
    outputs,
    times: [{ seconds, cpuSeconds: 2 * seconds }],
    decodes: { encoder: 473, images: 1 },
  });
  const text = renderOutputs('wire', [cost('mp4', 1), cost('mp4 + gif', 1.5)]);
  expect(text).toMatch(/^\| mp4 +\| +1\.00 \| +\| +2\.00 \| +\| +473 \| +1 \|$/m);
  expect(text).toMatch(/^\| mp4 \+ gif \| +1\.50 \| +0\.50 \| +3\.00 \| +1\.00 \|/m);
});
