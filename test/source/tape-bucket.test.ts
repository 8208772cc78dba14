import { readFile, writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SourceCode } from '../../service/errors.ts';
import { allowList } from '../../service/source/allow-list.ts';
import { openSource, type SourceOptions } from '../../service/source/source.ts';
import { openTapeBucket, type TapeBucket } from '../../service/source/tape-bucket.ts';
import { bucketOrigins } from '../../service/storage/urls.ts';
import { describeS3, type S3Rig, startS3 } from '../rig/s3.ts';
import { bytesOf, startSource } from '../rig/source.ts';
import { until } from '../rig/until.ts';
import { type Fate, type Front, startFront } from '../storage/front.ts';
import { mayMount, onSmallDisk } from '../storage/small-disk.ts';
import { failure } from './failure.ts';
import { type Scratch, scratch } from './scratch.ts';

const TAPE = bytesOf(3_000_000);
const NEVER = new AbortController().signal;
const KEYS = ['abc.zip', 'auth0|abc/2025.10.01.zip', 'a b+c/ü.zip'];

let folder: Scratch;
beforeAll(async () => {
  folder = await scratch();
});
beforeEach(() => folder.empty());
afterAll(() => folder.remove());

/** A source with this tape bucket. */
function sourceOf(art: TapeBucket, origins: string[], changed: Partial<SourceOptions> = {}) {
  return openSource({
    tapeBuckets: [art],
    allowed: allowList(origins),
    maxBytes: 4_000_000,
    delays: [1],
    ...changed,
  });
}

describeS3('tape bucket', () => {
  let s3: S3Rig;
  let front: Front;
  let art: TapeBucket;
  beforeAll(async () => {
    s3 = await startS3();
    front = await startFront(s3.endpoint);
    await s3.make('art', 'private');
    await s3.make('other', 'private');
    for (const Key of KEYS) await s3.client.send(new PutObjectCommand({ Bucket: 'art', Key, Body: TAPE }));
    await s3.client.send(new PutObjectCommand({ Bucket: 'other', Key: 'abc.zip', Body: 'theirs' }));
  });
  afterAll(async () => {
    await front.stop();
    await s3.stop();
  });
  const open = (idleMs: number) => {
    art = openTapeBucket({ ...s3.account('art'), endpoint: front.endpoint, idleMs });
  };
  beforeEach(() => {
    front.reset();
    open(5000);
    return () => art.close();
  });

  const origins = () => bucketOrigins(front.endpoint, 'art');
  const url = (key: string) =>
    new URL(`${front.endpoint}art/${key.split('/').map(encodeURIComponent).join('/')}`);
  const fetchTo = (file: string, key = 'abc.zip', changed: Partial<SourceOptions> = {}, signal = NEVER) =>
    sourceOf(art, origins(), changed).fetch(url(key), file, { signal });

  it('Private tapes of two buckets are fetched, each with the keys of its bucket', async () => {
    const users = openTapeBucket(s3.account('other'));
    const tapeBuckets = [art, users];
    const places = [...origins(), ...bucketOrigins(s3.endpoint, 'other')];
    const source = sourceOf(art, places, { tapeBuckets });
    const ofUser = new URL(`${s3.endpoint}other/abc.zip`);
    for (const [from, bytes] of [[url('abc.zip'), TAPE] as const, [ofUser, Buffer.from('theirs')] as const]) {
      expect((await fetch(from)).status).toBe(403);
      const file = folder.file();
      await source.fetch(from, file, { signal: NEVER });
      expect((await readFile(file)).equals(bytes)).toBe(true);
    }
    expect(
      (await failure(sourceOf(art, places).fetch(ofUser, folder.file(), { signal: NEVER }))).code,
    ).toMatch(/^SOURCE_/);
    users.close();
  });

  it.each(KEYS)('The tape %s is private, and fetched with the keys of the bucket', async (key) => {
    expect((await fetch(url(key))).status).toBe(403);
    const file = folder.file();
    const progress: [number, number | undefined][] = [];
    const onProgress = (bytes: number, total?: number) => void progress.push([bytes, total]);
    const source = sourceOf(art, origins());
    expect(await source.fetch(url(key), file, { signal: NEVER, onProgress })).toEqual({ bytes: 3_000_000 });
    expect((await readFile(file)).equals(TAPE)).toBe(true);
    expect(progress.at(-1)).toEqual([3_000_000, 3_000_000]);
  });

  it('A tape of the bucket is not fetched if its URL is not allowed', async () => {
    const source = sourceOf(art, ['https://elsewhere.example']);
    const failed = await failure(source.fetch(url('abc.zip'), folder.file(), { signal: NEVER }));
    expect(failed.code).toBe('SOURCE_NOT_ALLOWED');
    expect(front.asked).toEqual([]);
  });

  it.each([
    'art/../other/abc.zip',
    'art/..%2fother/abc.zip',
    'art/x%2f..%2f..%2fother/abc.zip',
    'other/abc.zip',
  ])('The keys of the bucket are not used for %s', async (path) => {
    const source = sourceOf(art, [front.endpoint.origin]); // all of the server is allowed
    const there = new URL(path, front.endpoint);
    expect((await failure(source.fetch(there, folder.file(), { signal: NEVER }))).code).toBe(
      'SOURCE_REFUSED',
    );
    expect(await folder.left()).toEqual([]);
  });

  it('The keys of the bucket are not used for a redirect from another source to it', async () => {
    const elsewhere = await startSource();
    const source = sourceOf(art, [...origins(), elsewhere.origin]);
    const to = elsewhere.url(`/to?url=${encodeURIComponent(url('abc.zip').href)}`);
    expect((await failure(source.fetch(to, folder.file(), { signal: NEVER }))).code).toBe('SOURCE_REFUSED');
    await elsewhere.stop();
  });

  it.each<[string, SourceCode | 'the whole tape', number, (n: number) => Fate, Partial<SourceOptions>?]>([
    ['sends it whole', 'the whole tape', 1, () => 'pass'],
    ['sends too many bytes', 'SOURCE_TOO_LARGE', 1, () => 'pass', { maxBytes: 2_999_999 }],
    ['sends exactly maxBytes', 'the whole tape', 1, () => 'pass', { maxBytes: 3_000_000 }],
    ['answers 503 at first', 'the whole tape', 3, (n) => (n < 3 ? 503 : 'pass')],
    ['answers 503', 'SOURCE_BUCKET_DOWN', 3, () => 503],
    ['answers 429', 'SOURCE_BUCKET_DOWN', 3, () => 429],
    ['answers 403', 'SOURCE_MISCONFIGURED', 1, () => 403],
    ['answers 400', 'SOURCE_REFUSED', 1, () => 400],
    ['redirects', 'SOURCE_MISCONFIGURED', 1, () => 301],
    ['drops connections at first', 'the whole tape', 3, (n) => (n < 3 ? 'drop' : 'pass')],
    ['drops connections', 'SOURCE_BUCKET_DOWN', 3, () => 'drop'],
    ['does not answer', 'SOURCE_TIMEOUT', 3, () => 'stall'],
    ['stalls half-way', 'SOURCE_TIMEOUT', 3, () => 'half'],
    ['stalls half-way at first', 'the whole tape', 2, (n) => (n < 2 ? 'half' : 'pass')],
    ['breaks off', 'SOURCE_TRUNCATED', 3, () => 'cut'],
    ['breaks off at first', 'the whole tape', 2, (n) => (n < 2 ? 'cut' : 'pass')],
    ['is too slow in all', 'SOURCE_TIMEOUT', 1, () => 'half', { totalMs: 100, attempts: 1 }],
  ])(
    'A fetch from a bucket that %s ends with %s after %d requests',
    async (what, end, times, fate, changed) => {
      if (/answer$|stalls/.test(what)) {
        art.close();
        open(300);
      }
      front.rule = () => fate(front.asked.length);
      const file = folder.file();
      if (end === 'the whole tape') {
        await fetchTo(file, 'abc.zip', changed);
        expect((await readFile(file)).equals(TAPE)).toBe(true);
      } else {
        expect((await failure(fetchTo(file, 'abc.zip', changed))).code).toBe(end);
        expect(await folder.left()).toEqual([]);
      }
      expect(front.asked).toHaveLength(times);
    },
  );

  it('A tape that announces too many bytes is not read', async () => {
    const progress: number[] = [];
    const how = {
      signal: NEVER,
      maxBytes: 2_999_999,
      onProgress: (bytes: number) => void progress.push(bytes),
    };
    expect((await failure(art.download('abc.zip', folder.file(), how))).code).toBe('SOURCE_TOO_LARGE');
    expect(progress).toEqual([]);
    await until('its connection is closed', async () => (await front.connections()) === 0);
  });

  it('A missing tape fails with SOURCE_NOT_FOUND', async () => {
    const failed = await failure(fetchTo(folder.file(), 'missing.zip'));
    expect([failed.code, failed.retryable]).toEqual(['SOURCE_NOT_FOUND', false]);
    expect(front.asked).toHaveLength(1);
  });

  it.each<[string, object, SourceCode]>([
    ['a wrong secret', { secret: 'wrong' }, 'SOURCE_MISCONFIGURED'],
    ['an unknown key', { key: 'wrong' }, 'SOURCE_MISCONFIGURED'],
    ['an unknown name', { bucket: 'nobodys' }, 'SOURCE_MISCONFIGURED'],
  ])('A bucket with %s fails with SOURCE_MISCONFIGURED', async (_, changed, code) => {
    const wrong = openTapeBucket({ ...s3.account('art'), ...changed });
    const how = { signal: NEVER, maxBytes: 4_000_000 };
    for (const work of [wrong.check, () => wrong.download('abc.zip', folder.file(), how)]) {
      const failed = await failure(work());
      expect([failed.code, failed.retryable]).toEqual([code, true]);
    }
    expect(await folder.left()).toEqual([]);
    wrong.close();
  });

  it('The check of a tape bucket passes', () => art.check());

  it('The check of an unreachable tape bucket fails', async () => {
    front.rule = () => 'drop';
    expect((await failure(art.check())).code).toBe('SOURCE_BUCKET_DOWN');
  });

  it.each<Fate>(['stall', 'half'])(
    'A fetch is aborted while the bucket does not answer (%s)',
    async (fate) => {
      front.rule = () => fate;
      const controller = new AbortController();
      const patient = openTapeBucket({ ...s3.account('art'), endpoint: front.endpoint });
      const source = sourceOf(patient, origins());
      const fetching = source.fetch(url('abc.zip'), folder.file(), { signal: controller.signal });
      fetching.catch(() => {});
      const hasBegun = async () =>
        fate === 'stall' ? front.asked.length > 0 : (await folder.left()).length > 0;
      await until('it has begun', hasBegun);
      controller.abort(new Error('cancelled'));
      await expect(fetching).rejects.toThrow('cancelled');
      expect(await folder.left()).toEqual([]);
      await until('its connection is closed', async () => (await front.connections()) === 0);
      expect(front.asked).toHaveLength(1);
      patient.close();
    },
  );

  it('A fetch never replaces a file', async () => {
    const file = folder.file();
    await writeFile(file, 'another');
    await expect(fetchTo(file)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(file, 'utf8')).toBe('another');
  });

  it.skipIf(!mayMount)('A fetch leaves no file on a full disk (needs the right to mount one)', async () => {
    await onSmallDisk(folder.root, 64, async () => {
      await expect(fetchTo(folder.file())).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(await folder.left()).toEqual([]);
      expect(front.asked).toHaveLength(1);
    });
  });
});

describe('another source', () => {
  const art = openTapeBucket({
    endpoint: new URL('http://127.0.0.1:1'),
    bucket: 'art',
    key: 'k',
    secret: 's',
  });

  it.each<[string, SourceCode | 'the whole tape', number]>([
    ['/whole/9', 'the whole tape', 1],
    ['/flaky/2/503/whole/9', 'the whole tape', 3],
    ['/flaky/3/503/whole/9', 'SOURCE_UNREACHABLE', 3],
    ['/flaky/1/404/whole/9', 'SOURCE_NOT_FOUND', 1],
    ['/short/5000', 'SOURCE_TRUNCATED', 3],
    ['/endless', 'SOURCE_TOO_LARGE', 1],
  ])('A fetch of %s from another source ends with %s after %d requests', async (path, end, times) => {
    const elsewhere = await startSource();
    const source = sourceOf(art, [elsewhere.origin]);
    const fetching = source.fetch(elsewhere.url(path), folder.file(), { signal: NEVER });
    if (end === 'the whole tape') expect(await fetching).toMatchObject({ bytes: 9 });
    else expect((await failure(fetching)).code).toBe(end);
    expect(await folder.left()).toHaveLength(end === 'the whole tape' ? 1 : 0);
    expect(elsewhere.asked).toHaveLength(times);
    await elsewhere.stop();
  });

  it.skipIf(!mayMount)(
    'A fetch from another source leaves no file on a full disk (needs the right to mount one)',
    async () => {
      const elsewhere = await startSource();
      await onSmallDisk(folder.root, 64, async () => {
        const fetching = sourceOf(art, [elsewhere.origin]).fetch(
          elsewhere.url('/whole/300000'),
          folder.file(),
          {
            signal: NEVER,
          },
        );
        await expect(fetching).rejects.toMatchObject({ code: 'ENOSPC' });
        expect(await folder.left()).toEqual([]);
      });
      await elsewhere.stop();
    },
  );
});

describe('folder of tapes', () => {
  const open = () => {
    const art = openTapeBucket({ endpoint: pathToFileURL(folder.root), bucket: '', key: '', secret: '' });
    return { art, source: sourceOf(art, bucketOrigins(pathToFileURL(folder.root), '')) };
  };
  const fetchTo = (name: string, file: string) =>
    open().source.fetch(new URL(`${pathToFileURL(folder.root)}/${name}`), file, { signal: NEVER });

  it('A tape is fetched from a folder', async () => {
    await writeFile(`${folder.root}/abc.zip`, TAPE);
    const file = folder.file();
    expect(await fetchTo('abc.zip', file)).toEqual({ bytes: 3_000_000 });
    expect((await readFile(file)).equals(TAPE)).toBe(true);
  });

  it.each<[string, SourceCode]>([
    ['missing.zip', 'SOURCE_NOT_FOUND'],
    ['abc.zip/x', 'SOURCE_NOT_FOUND'],
    ['large.zip', 'SOURCE_TOO_LARGE'],
    ['../abc.zip', 'SOURCE_NOT_ALLOWED'],
    ['..%2fabc.zip', 'SOURCE_NOT_ALLOWED'],
    ['', 'SOURCE_NOT_ALLOWED'],
  ])('The URL "%s" below a folder of tapes is refused', async (name, code) => {
    await writeFile(`${folder.root}/abc.zip`, TAPE);
    await writeFile(`${folder.root}/large.zip`, Buffer.alloc(4_000_001));
    expect((await failure(fetchTo(name, folder.file()))).code).toBe(code);
    expect(await folder.left()).toEqual(['abc.zip', 'large.zip']);
  });

  it('A fetch from a folder that is stopped at any moment fails, and ends no process', async () => {
    await writeFile(`${folder.root}/abc.zip`, TAPE);
    const { art } = open();
    for (let turns = 0; turns < 12; turns += 1) {
      const stop = new AbortController();
      const fetched = art.download('abc.zip', folder.file(), { signal: stop.signal, maxBytes: 4_000_000 });
      const failed = expect(fetched).rejects.toThrow();
      for (let n = 0; n < turns; n += 1) await setImmediate();
      stop.abort('cancel');
      await failed;
    }
    expect(await folder.left()).toEqual(['abc.zip']);
  });

  it('The check of a folder of tapes passes, and fails if the folder is missing', async () => {
    await open().art.check();
    const missing = openTapeBucket({
      endpoint: pathToFileURL(`${folder.root}/x`),
      bucket: '',
      key: '',
      secret: '',
    });
    expect((await failure(missing.check())).code).toBe('SOURCE_MISCONFIGURED');
  });
});
