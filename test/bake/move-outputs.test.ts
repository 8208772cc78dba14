import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import { moveOutputs } from '../../service/bake/move-outputs.ts';

let root = '';
const made = (name: string) => ({
  ...({ kind: 'mp4', width: 2, height: 2, bytes: 4 } as const),
  path: join(root, 'work', name),
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'oven-test-'));
  await mkdir(join(root, 'work'));
  for (const name of ['a.mp4', 'b.mp4']) await writeFile(join(root, 'work', name), name);
});
afterEach(() => rm(root, { recursive: true, force: true }));

it('Published files have their own names in a new folder', async () => {
  const out = join(root, 'new', 'out');
  const published = await moveOutputs([made('a.mp4'), made('b.mp4')], out);
  expect(published.map(({ path }) => path)).toEqual([join(out, 'a.mp4'), join(out, 'b.mp4')]);
  expect((await readdir(out)).sort()).toEqual(['a.mp4', 'b.mp4']);
  expect(await readFile(join(out, 'b.mp4'), 'utf8')).toBe('b.mp4');
});

it('No published file is left when one of them can not get its name', async () => {
  const out = join(root, 'out');
  await mkdir(join(out, 'b.mp4', 'in the way'), { recursive: true });
  const failing = moveOutputs([made('a.mp4'), made('b.mp4')], out);
  await expect(failing).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' });
  expect(await readdir(out)).toEqual(['b.mp4']);
});

it.each(['', '../up', 'a/b', '/abs'])(
  'The name %j, which is no file name, is refused as a mistake of the caller',
  async (name) => {
    await expect(bake(join(root, 'tape.zip'), { outDir: root, name })).rejects.toThrow(TypeError);
  },
);
