import { chmod, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isPrivateFile } from '../../service/storage/folder-storage.ts';
import { openStorage } from '../../service/storage/open.ts';
import type { OutputFile, OutputStorage } from '../../service/storage/storage.ts';
import { bytesOf } from '../rig/source.ts';
import { until } from '../rig/until.ts';
import { type Scratch, scratch } from '../source/scratch.ts';
import { failure } from './failure.ts';
import { mayMount, onSmallDisk } from './small-disk.ts';

const BYTES = bytesOf(300_000);
const NEVER = new AbortController().signal;

let scratched: Scratch;
let folder: string;
let path: string;
let blobs: OutputStorage;
beforeAll(async () => {
  scratched = await scratch();
});
beforeEach(async () => {
  await scratched.empty();
  path = scratched.file();
  folder = join(scratched.root, 'a folder');
  await writeFile(path, BYTES);
  await mkdir(folder);
  blobs = open(folder);
});
afterAll(() => scratched.remove());

function open(at: string): OutputStorage {
  const publicUrl = new URL('http://127.0.0.1:3000/');
  return openStorage({ endpoint: pathToFileURL(at), bucket: '', key: '', secret: '', publicUrl });
}

function file(changed: Partial<OutputFile> = {}): OutputFile {
  return { name: 'tape', kind: 'mp4', path, mongoId: 'mine', ...changed };
}

async function left(): Promise<string[]> {
  return (await readdir(join(folder, 'tapes')).catch(() => [])).sort();
}

describe('put', () => {
  it('A file is stored with its owner', async () => {
    const url = await blobs.put(file(), NEVER);
    expect(url).toBe('http://127.0.0.1:3000/files/tapes/tape.mp4');
    expect(url).toBe(blobs.url('tape', 'mp4'));
    expect(blobs.folder).toBe(folder);
    expect((await readFile(join(folder, 'tapes/tape.mp4'))).equals(BYTES)).toBe(true);
    expect(await readFile(join(folder, 'tapes/.tape.mp4.owner'), 'utf8')).toBe('mine');
    expect(await left()).toEqual(['.tape.mp4.owner', 'tape.mp4']);
    expect((await readFile(path)).equals(BYTES)).toBe(true); // a copy: the caller removes the source
  });

  it('A file replaces an older one of the same tape', async () => {
    await blobs.put(file(), NEVER);
    await writeFile(path, 'newer');
    await blobs.put(file(), NEVER);
    expect(await readFile(join(folder, 'tapes/tape.mp4'), 'utf8')).toBe('newer');
    expect(await left()).toEqual(['.tape.mp4.owner', 'tape.mp4']);
  });

  it('A file is private while its tape says so, whatever it was before, and is removed whole', async () => {
    const stored = join(folder, 'tapes/tape.mp4');
    for (const acl of ['private', 'private', 'public-read', 'private', undefined] as const) {
      await blobs.put(file({ acl }), NEVER);
      expect(await isPrivateFile(stored)).toBe(acl === 'private');
    }
    expect(await left()).toEqual(['.tape.mp4.owner', 'tape.mp4']);
    await blobs.put(file({ acl: 'private' }), NEVER);
    expect(await blobs.remove('tape')).toEqual(['tapes/tape.mp4']);
    expect(await left()).toEqual([]);
  });

  it('A missing folder is made', async () => {
    await rm(folder, { recursive: true });
    await blobs.put(file(), NEVER);
    expect(await left()).toEqual(['.tape.mp4.owner', 'tape.mp4']);
  });

  it('One of eight tapes gets a slug that all ask for at once', async () => {
    const mongoIds = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const outcomes = await Promise.all(
      mongoIds.map((mongoId) =>
        blobs.put(file({ mongoId }), NEVER).then(
          () => mongoId,
          (error) => error.code,
        ),
      ),
    );
    const owner = await readFile(join(folder, 'tapes/.tape.mp4.owner'), 'utf8');
    expect(outcomes.filter((outcome) => outcome !== 'SLUG_TAKEN')).toEqual([owner]);
    expect(await left()).toEqual(['.tape.mp4.owner', 'tape.mp4']);
  });
});

describe('a file of another tape', () => {
  it.each(['mp4', 'thumbnail'] as const)('An %s does not replace the files of another tape', async (kind) => {
    await blobs.put(file({ mongoId: 'another' }), NEVER);
    await writeFile(path, 'mine');
    const failed = await failure(blobs.put(file({ kind }), NEVER));
    expect([failed.code, failed.retryable]).toEqual(['SLUG_TAKEN', false]);
    expect((await readFile(join(folder, 'tapes/tape.mp4'))).equals(BYTES)).toBe(true);
    expect(await left()).toEqual(['.tape.mp4.owner', 'tape.mp4']);
  });

  it('A file without an owner is not replaced', async () => {
    await mkdir(join(folder, 'tapes'));
    await writeFile(join(folder, 'tapes/tape.mp4'), 'theirs');
    expect((await failure(blobs.put(file(), NEVER))).code).toBe('SLUG_TAKEN');
    expect(await readFile(join(folder, 'tapes/tape.mp4'), 'utf8')).toBe('theirs');
  });

  it.each(['', '../tape', 'a/b', '.hidden', 'a b', 'x'.repeat(65)])(
    'A file with the slug "%s" is not stored',
    async (slug) => {
      await expect(blobs.put(file({ name: slug }), NEVER)).rejects.toThrow(TypeError);
      await expect(blobs.remove(slug)).rejects.toThrow(TypeError);
      expect(() => blobs.url(slug, 'mp4')).toThrow(TypeError);
    },
  );
});

describe('a failed put', () => {
  it('A missing file leaves nothing', async () => {
    await expect(blobs.put(file({ path: `${path}.missing` }), NEVER)).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(await left()).toEqual([]);
  });

  it('A put that is aborted before its begin leaves nothing', async () => {
    const putting = blobs.put(file(), AbortSignal.abort(new Error('cancelled')));
    await expect(putting).rejects.toThrow('cancelled');
    expect(await left()).toEqual([]);
  });

  it('A put that is aborted meanwhile leaves nothing', async () => {
    const controller = new AbortController();
    await writeFile(`${path}.large`, '');
    await truncate(`${path}.large`, 1e12); // takes no room, and too long to copy
    const putting = blobs.put(file({ path: `${path}.large` }), controller.signal);
    putting.catch(() => {});
    await until('it has begun', async () => (await left()).some((name) => name.endsWith('.part')));
    controller.abort(new Error('cancelled'));
    await expect(putting).rejects.toThrow('cancelled');
    expect(await left()).toEqual([]);
  });

  it.skipIf(!mayMount)('A put on a full disk leaves nothing (needs the right to mount one)', async () => {
    await onSmallDisk(folder, 64, async () => {
      const failed = await failure(blobs.put(file(), NEVER));
      expect([failed.code, failed.retryable]).toEqual(['STORAGE_FULL', true]);
      expect(await left()).toEqual([]);
    });
  });

  it.skipIf(!mayMount)(
    'A put on a full disk keeps the older file (needs the right to mount one)',
    async () => {
      await onSmallDisk(folder, 64, async () => {
        await writeFile(path, 'older');
        await blobs.put(file(), NEVER);
        await writeFile(path, BYTES);
        await failure(blobs.put(file(), NEVER));
        expect(await readFile(join(folder, 'tapes/tape.mp4'), 'utf8')).toBe('older');
        expect(await left()).toEqual(['.tape.mp4.owner', 'tape.mp4']);
      });
    },
  );
});

describe('an unusable folder', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a file', () => writeFile(folder, 'a file')],
    [
      'a folder with a file in place of tapes/',
      () => mkdir(folder).then(() => writeFile(join(folder, 'tapes'), 'a file')),
    ],
  ])('A storage at %s fails with STORAGE_MISCONFIGURED', async (_, make) => {
    await rm(folder, { recursive: true });
    await make();
    for (const work of [blobs.check, () => blobs.put(file(), NEVER)]) {
      const failed = await failure(work());
      expect([failed.code, failed.retryable]).toEqual(['STORAGE_MISCONFIGURED', true]);
    }
  });

  it('A folder that is not writable fails with STORAGE_MISCONFIGURED', async () => {
    await chmod(scratched.root, 0o755);
    await chmod(folder, 0o555);
    // Root may write everywhere, so it takes another user for a while.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid!('nobody');
    try {
      expect((await failure(blobs.check())).code).toBe('STORAGE_MISCONFIGURED');
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });
});

it('The check of a folder leaves no file', async () => {
  await blobs.check();
  expect(await left()).toEqual([]);
});

describe('remove', () => {
  it('A removal takes every output of the slug, its half-written files, and no other', async () => {
    const kinds = ['mp4', 'thumbnail', 'webm', 'gif', 'webp'] as const;
    for (const kind of kinds) await blobs.put(file({ kind }), NEVER);
    await blobs.put(file({ name: 'tape-2' }), NEVER);
    await writeFile(join(folder, 'tapes/.tape.mp4.0d0e.part'), 'of a process that was killed');
    await writeFile(join(folder, 'tapes/.tape-2.mp4.0d0e.part'), 'of another');
    const keys = ['tape.mp4', 'tape-thumb.jpg', 'tape.webm', 'tape.gif', 'tape.webp'].map(
      (name) => `tapes/${name}`,
    );
    expect(await blobs.remove('tape')).toEqual(keys);
    expect(await left()).toEqual(['.tape-2.mp4.0d0e.part', '.tape-2.mp4.owner', 'tape-2.mp4']);
    expect(await blobs.remove('tape')).toEqual([]);
  });

  it('A removal frees the slug', async () => {
    await blobs.put(file({ mongoId: 'another' }), NEVER);
    await blobs.remove('tape');
    await blobs.put(file(), NEVER);
    expect(await readFile(join(folder, 'tapes/.tape.mp4.owner'), 'utf8')).toBe('mine');
  });

  it('A removal from an empty storage removes nothing', async () => {
    expect(await blobs.remove('tape')).toEqual([]);
  });
});
