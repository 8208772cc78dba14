import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStorage } from '../../service/storage/open.ts';
import type { OutputStorage } from '../../service/storage/storage.ts';
import { mp4UrlMatcher } from '../../service/storage/urls.ts';
import { describeS3, type S3Rig, startS3 } from '../rig/s3.ts';
import { type Scratch, scratch } from '../source/scratch.ts';
import { failure } from './failure.ts';

const NEVER = new AbortController().signal;

/** A storage, and a way past Oven to write and read its files. */
interface Place {
  readonly blobs: OutputStorage;
  plant(name: string, owner?: string): Promise<void>;
  read(name: string): Promise<string | undefined>;
}

let folder: Scratch;
beforeAll(async () => {
  folder = await scratch();
});
afterAll(() => folder.remove());

async function inFolder(): Promise<Place> {
  const root = folder.file();
  await mkdir(join(root, 'tapes'), { recursive: true });
  const publicUrl = new URL('http://127.0.0.1:3000/');
  const blobs = openStorage({ endpoint: pathToFileURL(root), bucket: '', key: '', secret: '', publicUrl });
  return {
    blobs,
    plant: async (name, owner) => {
      await writeFile(join(root, 'tapes', name), 'theirs');
      if (owner !== undefined) await writeFile(join(root, 'tapes', `.${name}.owner`), owner);
    },
    read: (name) => readFile(join(root, 'tapes', name), 'utf8').catch(() => undefined),
  };
}

let buckets = 0;
async function inBucket(s3: S3Rig): Promise<Place> {
  buckets += 1;
  const Bucket = `owner-${buckets}`;
  await s3.make(Bucket, 'public');
  return {
    blobs: openStorage(s3.account(Bucket)),
    plant: async (name, owner) => {
      const Metadata = owner === undefined ? {} : { mongoid: owner };
      await s3.client.send(new PutObjectCommand({ Bucket, Key: `tapes/${name}`, Body: 'theirs', Metadata }));
    },
    read: async (name) => {
      const got = await s3.client
        .send(new GetObjectCommand({ Bucket, Key: `tapes/${name}` }))
        .catch(() => undefined);
      return got?.Body?.transformToString();
    },
  };
}

const ways = (open: () => Promise<Place>) => () => {
  const ours = async (path = folder.file()) => {
    await writeFile(path, 'ours');
    return { name: 'abc', kind: 'mp4', path, mongoId: 'mine' } as const;
  };

  describe('a file from before Oven, without an owner', () => {
    it('A file without an owner is replaced if `replaces` names it, and has an owner then', async () => {
      const { blobs, plant, read } = await open();
      await plant('abc.mp4');
      await plant('abc-thumb.jpg');
      const replaces = blobs.url('abc', 'mp4');
      await blobs.put({ ...(await ours()), replaces }, NEVER);
      await blobs.put({ ...(await ours()), kind: 'thumbnail', replaces }, NEVER);
      expect([await read('abc.mp4'), await read('abc-thumb.jpg')]).toEqual(['ours', 'ours']);
      await blobs.put(await ours(), NEVER);
      const other = { ...(await ours()), mongoId: 'another', replaces };
      expect((await failure(blobs.put(other, NEVER))).code).toBe('SLUG_TAKEN');
    });

    it.each([
      ['nothing', () => undefined],
      ['another name', (blobs: OutputStorage) => blobs.url('abcd', 'mp4')],
      ['its thumbnail', (blobs: OutputStorage) => blobs.url('abc', 'thumbnail')],
      ['another host', () => 'https://elsewhere.test/tapes/abc.mp4'],
    ])('A file without an owner stays if `replaces` names %s', async (_what, url) => {
      const { blobs, plant, read } = await open();
      await plant('abc.mp4');
      const failed = await failure(blobs.put({ ...(await ours()), replaces: url(blobs) }, NEVER));
      expect(failed.code).toBe('SLUG_TAKEN');
      expect(await read('abc.mp4')).toBe('theirs');
    });

    it('A file without an owner does not hide a file of another tape', async () => {
      const { blobs, plant } = await open();
      await plant('abc.mp4');
      await plant('abc-thumb.jpg', 'another');
      const replaces = blobs.url('abc', 'mp4');
      expect((await failure(blobs.put({ ...(await ours()), replaces }, NEVER))).code).toBe('SLUG_TAKEN');
    });
  });

  it.each([
    ['all owners', ['abc.gif', 'abc.mp4', 'abc.webm'], undefined],
    ['one tape', ['abc.mp4'], { mongoId: 'mine', unowned: false }],
    ['one tape, with the files without an owner', ['abc.gif', 'abc.mp4'], { mongoId: 'mine', unowned: true }],
    ['a tape without files', [], { mongoId: 'nobody', unowned: false }],
  ])('A removal for %s takes exactly %j', async (_what, gone, of) => {
    const { blobs, plant, read } = await open();
    await plant('abc.mp4', 'mine');
    await plant('abc.webm', 'another');
    await plant('abc.gif');
    expect((await blobs.remove('abc', of)).toSorted()).toEqual(gone.map((name) => `tapes/${name}`));
    for (const name of ['abc.gif', 'abc.mp4', 'abc.webm']) {
      expect([name, await read(name)]).toEqual([name, gone.includes(name) ? undefined : 'theirs']);
    }
  });
};

describe('in a folder', ways(inFolder));

describeS3('in a bucket', () => {
  let s3: S3Rig;
  beforeAll(async () => {
    s3 = await startS3();
  });
  afterAll(() => s3.stop());
  ways(() => inBucket(s3))();

  it('A removal from a bucket with a wrong name fails', async () => {
    const wrong = openStorage(s3.account('no-such-bucket'));
    const removing = wrong.remove('abc', { mongoId: 'mine', unowned: true });
    expect((await failure(removing)).code).toBe('STORAGE_MISCONFIGURED');
  });
});

it.each([
  ['the bucket’s host', true, 'https://blobs.sfo3.digitaloceanspaces.com/tapes/abc.mp4'],
  ['the bucket in the path', true, 'https://sfo3.digitaloceanspaces.com/blobs/tapes/abc.mp4'],
  ['Spaces’ own CDN', true, 'https://blobs.sfo3.cdn.digitaloceanspaces.com/tapes/abc.mp4'],
  ['the CDN that is set up', true, 'https://cdn.test/tapes/abc.mp4'],
  ['another bucket', false, 'https://art.sfo3.digitaloceanspaces.com/tapes/abc.mp4'],
  ['another folder', false, 'https://cdn.test/others/abc.mp4'],
  ['dots in its path', true, 'https://cdn.test/x/../tapes/abc.mp4'],
  ['encoded dots in its path', false, 'https://cdn.test/tapes/%2e%2e%2ftapes/abc.mp4'],
])('The MP4’s URL by %s is recognised: %s', (_what, expected, url) => {
  const endpoint = new URL('https://sfo3.digitaloceanspaces.com');
  const names = mp4UrlMatcher({ endpoint, bucket: 'blobs', key: '', secret: '', cdn: 'cdn.test' });
  expect(names(url, 'abc')).toBe(expected);
});
