import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import { publish } from '../../service/bake/publish.ts';

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

test('files appear under their own names, in a folder made for them', async () => {
  const out = join(root, 'new', 'out');
  const published = await publish([made('a.mp4'), made('b.mp4')], out);
  expect(published.map(({ path }) => path)).toEqual([join(out, 'a.mp4'), join(out, 'b.mp4')]);
  expect((await readdir(out)).sort()).toEqual(['a.mp4', 'b.mp4']);
  expect(await readFile(join(out, 'b.mp4'), 'utf8')).toBe('b.mp4');
});

test('when one can not get its name, none is left', async () => {
  const out = join(root, 'out');
  await mkdir(join(out, 'b.mp4', 'in the way'), { recursive: true });
  const failing = publish([made('a.mp4'), made('b.mp4')], out);
  await expect(failing).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' });
  expect(await readdir(out)).toEqual(['b.mp4']);
});

test.each(['', '../up', 'a/b', '/abs'])(
  'a name that is no file name is a mistake of the caller: %j',
  async (name) => {
    await expect(bake(join(root, 'tape.zip'), { outDir: root, name })).rejects.toThrow(TypeError);
  },
);
