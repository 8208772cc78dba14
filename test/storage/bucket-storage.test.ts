import { readdir, readlink, writeFile } from 'node:fs/promises';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OutputKind } from '../../service/bake/outputs.ts';
import { openStorage } from '../../service/storage/open.ts';
import type { OutputFile, OutputStorage } from '../../service/storage/storage.ts';
import { describeS3, type S3Rig, startS3 } from '../rig/s3.ts';
import { bytesOf, startSource } from '../rig/source.ts';
import { until } from '../rig/until.ts';
import { type Scratch, scratch } from '../source/scratch.ts';
import { failure } from './failure.ts';
import { type Asked, type Fate, type Front, startFront } from './front.ts';

const SMALL = bytesOf(5000);
const LARGE = bytesOf(17_000_000); // three parts
const NEVER = new AbortController().signal;
const KINDS: readonly [OutputKind, string, string][] = [
  ['mp4', 'tapes/tape.mp4', 'video/mp4'],
  ['thumbnail', 'tapes/tape-thumb.jpg', 'image/jpeg'],
  ['webm', 'tapes/tape.webm', 'video/webm'],
  ['gif', 'tapes/tape.gif', 'image/gif'],
  ['webp', 'tapes/tape.webp', 'image/webp'],
];

describeS3('bucket storage', () => {
  let s3: S3Rig;
  let front: Front;
  let folder: Scratch;
  let bucket: string;
  let blobs: OutputStorage;
  let small: string;
  let large: string;
  let buckets = 0;
  beforeAll(async () => {
    s3 = await startS3();
    front = await startFront(s3.endpoint);
    folder = await scratch();
    [small, large] = [folder.file(), folder.file()];
    await writeFile(small, SMALL);
    await writeFile(large, LARGE);
  });
  afterAll(async () => {
    await front.stop();
    await s3.stop();
    await folder.remove();
  });
  beforeEach(async () => {
    buckets += 1;
    bucket = `blobs-${buckets}`;
    await s3.make(bucket, 'public');
    front.reset();
    blobs = openStorage({ ...s3.account(bucket), endpoint: front.endpoint });
    return () => blobs.close();
  });

  const file = (changed: Partial<OutputFile> = {}): OutputFile => {
    return { name: 'tape', kind: 'mp4', path: small, mongoId: 'mine', ...changed };
  };
  const get = async (url: string) => {
    const answer = await fetch(url);
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
  };
  /** Stores an object past Oven and the front. */
  const plant = (Key: string, mongoid?: string, Body: string | Buffer = 'theirs') => {
    const Metadata = mongoid === undefined ? {} : { mongoid };
    return s3.client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, Metadata }));
  };

  describe.each([
    ['small', 1],
    ['large', 3],
  ])('put of a %s file', (size, parts) => {
    const [path, bytes] = size === 'small' ? [() => small, SMALL] : [() => large, LARGE];

    it.each(KINDS.slice(0, size === 'small' ? 5 : 1))(
      `A ${size} file is stored as %s`,
      async (kind, key, type) => {
        const url = await blobs.put(file({ kind, path: path() }), NEVER);
        expect(url).toBe(`${front.endpoint.origin}/${bucket}/${key}`);
        expect(url).toBe(blobs.url('tape', kind));
        const { status, headers, bytes: stored } = await get(url);
        expect([status, headers.get('content-type')]).toEqual([200, type]);
        expect(headers.get('cache-control')).toBe('public, max-age=300');
        expect(headers.get('etag')).toMatch(/^"[0-9a-f-]+"$/);
        expect(headers.get('x-amz-meta-mongoid')).toBe('mine');
        expect(stored.equals(bytes)).toBe(true);
        expect(await s3.keys(bucket)).toEqual([key]);
        expect(front.asked.filter(({ method }) => method === 'PUT')).toHaveLength(parts);
      },
    );

    it.each([
      [undefined, 'public-read', 'public, max-age=300'],
      ['private', 'private', 'private, max-age=300'],
    ] as const)(`A ${size} file whose ACL is %s is stored with it`, async (acl, stored, cacheControl) => {
      const url = await blobs.put(file({ path: path(), acl }), NEVER);
      const asked = front.asked.filter(({ headers }) => headers['x-amz-acl'] !== undefined);
      expect(asked.map(({ headers }) => headers['x-amz-acl'])).toEqual([stored]);
      expect((await get(url)).headers.get('cache-control')).toBe(cacheControl);
    });

    it(`A ${size} file replaces an older one of the same tape`, async () => {
      const url = await blobs.put(file(), NEVER);
      const before = await get(url);
      await writeFile(`${path()}.new`, Buffer.concat([bytes, Buffer.from('more')]));
      await blobs.put(file({ path: `${path()}.new` }), NEVER);
      const after = await get(url);
      expect(after.bytes.length).toBe(bytes.length + 4);
      expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
      expect(await s3.unfinished(bucket)).toEqual([]);
    });

    it.each<[string, string, string | undefined]>([
      ['this file', 'tapes/tape.mp4', 'another'],
      ['another file of the slug', 'tapes/tape-thumb.jpg', 'another'],
      ['a file that says nothing of its tape', 'tapes/tape.mp4', undefined],
    ])(`A ${size} file is refused if another tape has %s`, async (_, key, owner) => {
      await plant(key, owner);
      const failed = await failure(blobs.put(file({ path: path() }), NEVER));
      expect([failed.code, failed.retryable]).toEqual(['SLUG_TAKEN', false]);
      expect((await get(`${s3.endpoint.origin}/${bucket}/${key}`)).bytes.toString()).toBe('theirs');
      expect(await s3.keys(bucket)).toEqual([key]);
      expect(await s3.unfinished(bucket)).toEqual([]);
    });

    const isLastRequest = ({ method, query }: Asked) =>
      size === 'small' ? method === 'PUT' : method === 'POST' && !query.has('uploads');

    it(`A ${size} file is refused if another tape stores its file meanwhile`, async () => {
      let planted = false;
      front.rule = async (asked): Promise<Fate> => {
        if (isLastRequest(asked) && !planted) {
          planted = true;
          await plant('tapes/tape.mp4', 'another');
        }
        return 'pass';
      };
      expect((await failure(blobs.put(file({ path: path() }), NEVER))).code).toBe('SLUG_TAKEN');
      expect(planted).toBe(true);
      expect((await get(blobs.url('tape', 'mp4'))).bytes.toString()).toBe('theirs');
      expect(await s3.unfinished(bucket)).toEqual([]);
    });

    it(`A ${size} file replaces one that the same tape stores meanwhile`, async () => {
      let planted = false;
      front.rule = async (asked): Promise<Fate> => {
        if (isLastRequest(asked) && !planted) {
          planted = true;
          await plant('tapes/tape.mp4', 'mine', 'older');
        }
        return 'pass';
      };
      await blobs.put(file({ path: path() }), NEVER);
      expect((await get(blobs.url('tape', 'mp4'))).bytes.equals(bytes)).toBe(true);
      expect(await s3.unfinished(bucket)).toEqual([]);
    });

    it(`A ${size} file is sent three times at most if the same tape goes on storing`, async () => {
      let rounds = 0;
      front.rule = async (asked): Promise<Fate> => {
        if (isLastRequest(asked)) {
          rounds += 1;
          await plant('tapes/tape.mp4', 'mine', `version ${rounds}`);
        }
        return 'pass';
      };
      expect((await failure(blobs.put(file({ path: path() }), NEVER))).code).toBe('STORAGE_CONFLICT');
      expect(rounds).toBe(3);
      expect(await s3.unfinished(bucket)).toEqual([]);
    });

    it(`A ${size} file is stored by a server that knows no conditional writes`, async () => {
      front.rule = ({ headers }) => (headers['if-none-match'] || headers['if-match'] ? 501 : 'pass');
      const url = await blobs.put(file({ path: path() }), NEVER);
      await blobs.put(file({ path: path() }), NEVER);
      expect((await get(url)).bytes.equals(bytes)).toBe(true);
      expect(front.asked.filter(({ headers }) => headers['if-none-match'])).toHaveLength(1);
      const another = file({ path: path(), mongoId: 'another' });
      expect((await failure(blobs.put(another, NEVER))).code).toBe('SLUG_TAKEN');
      expect(await s3.unfinished(bucket)).toEqual([]);
    });

    it(`A ${size} file is stored though the answer of the server is lost`, async () => {
      let lost = false;
      front.rule = (asked) => {
        if (!isLastRequest(asked) || lost) return 'pass';
        lost = true;
        return 'unanswered';
      };
      const url = await blobs.put(file({ path: path() }), NEVER);
      expect(lost).toBe(true);
      expect((await get(url)).bytes.equals(bytes)).toBe(true);
      expect(await s3.unfinished(bucket)).toEqual([]);
    });

    it.each<[string, number | 'drop']>([
      ['answers 503', 503],
      ['answers 500', 500],
      ['drops the connection', 'drop'],
    ])(`A ${size} file is stored though the storage %s at first`, async (_, fate) => {
      const seen = new Set<string>();
      front.rule = ({ method, path: where, query }) => {
        const request = `${method} ${where} ${query}`;
        if (seen.has(request)) return 'pass';
        seen.add(request);
        return fate;
      };
      const url = await blobs.put(file({ path: path() }), NEVER);
      front.reset();
      expect((await get(url)).bytes.equals(bytes)).toBe(true);
      expect(await s3.unfinished(bucket)).toEqual([]);
    });
  });

  describe('a failed upload in parts', () => {
    const isPart = (n: number) => (asked: Asked) => asked.query.get('partNumber') === String(n);
    const isEnd = ({ method, query }: Asked) => method === 'POST' && !query.has('uploads');

    it.each<[string, (asked: Asked) => boolean, number | 'drop', string]>([
      ['a part is refused', isPart(2), 400, 'STORAGE_REFUSED'],
      ['a part is forbidden', isPart(1), 403, 'STORAGE_MISCONFIGURED'],
      ['a part never gets through', isPart(3), 'drop', 'STORAGE_UNREACHABLE'],
      ['the end is refused', isEnd, 400, 'STORAGE_REFUSED'],
      ['the end fails again and again', isEnd, 500, 'STORAGE_UNREACHABLE'],
    ])('An upload leaves no part when %s', async (_, isIt, fate, code) => {
      front.rule = (asked) => (isIt(asked) ? fate : 'pass');
      const failed = await failure(blobs.put(file({ path: large }), NEVER));
      expect([failed.code, failed.retryable]).toEqual([code, true]);
      expect(await s3.unfinished(bucket)).toEqual([]);
      expect(await s3.keys(bucket)).toEqual([]);
      expect(await openFiles()).not.toContain(large);
    });

    it.each<[string, (asked: Asked) => boolean]>([
      ['a part is being sent', isPart(2)],
      ['it is about to end', isEnd],
    ])('An upload leaves no part when it is aborted while %s', async (_, isIt) => {
      const controller = new AbortController();
      let reached = false;
      front.rule = (asked) => {
        if (!isIt(asked)) return 'pass';
        reached = true;
        return 'stall';
      };
      const putting = blobs.put(file({ path: large }), controller.signal);
      putting.catch(() => {});
      await until('it got there', () => reached);
      controller.abort(new Error('cancelled'));
      await expect(putting).rejects.toThrow('cancelled');
      // at once, not some time later: the process may end now
      expect(await s3.unfinished(bucket)).toEqual([]);
      expect(await s3.keys(bucket)).toEqual([]);
      expect(await openFiles()).not.toContain(large);
    });
  });

  describe('a file that can not be stored', () => {
    it('A missing file is not stored', async () => {
      const putting = blobs.put(file({ path: `${small}.missing` }), NEVER);
      await expect(putting).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await s3.keys(bucket)).toEqual([]);
    });

    it.each(['', '../tape', 'a/b', '.hidden', 'a b', 'x'.repeat(65)])(
      'A file with the slug "%s" is not stored',
      async (slug) => {
        await expect(blobs.put(file({ name: slug }), NEVER)).rejects.toThrow(TypeError);
        await expect(blobs.remove(slug)).rejects.toThrow(TypeError);
        expect(front.asked).toEqual([]);
      },
    );

    it('A put that is aborted before its begin sends no request', async () => {
      const putting = blobs.put(file(), AbortSignal.abort(new Error('cancelled')));
      await expect(putting).rejects.toThrow('cancelled');
      expect(front.asked).toEqual([]);
    });
  });

  describe('a storage with a fault', () => {
    const gone = async () => {
      const source = await startSource();
      await source.stop();
      return new URL(source.origin);
    };
    it.each<[string, () => Promise<object>, string]>([
      ['with a wrong secret', async () => ({ secret: 'wrong-secret' }), 'STORAGE_MISCONFIGURED'],
      ['with an unknown key', async () => ({ key: 'wrong-key' }), 'STORAGE_MISCONFIGURED'],
      ['without such a bucket', async () => ({ bucket: 'nobodys' }), 'STORAGE_MISCONFIGURED'],
      ['at a closed port', async () => ({ endpoint: await gone() }), 'STORAGE_UNREACHABLE'],
      ['that does not answer', async () => ({ endpoint: front.endpoint, idleMs: 300 }), 'STORAGE_TIMEOUT'],
    ])('A storage %s fails with its code in check, put and remove', async (_, changed, code) => {
      front.rule = () => 'stall';
      const wrong = openStorage({ ...s3.account(bucket), ...(await changed()) });
      for (const work of [wrong.check, () => wrong.put(file(), NEVER), () => wrong.remove('tape')]) {
        const failed = await failure(work());
        expect([failed.code, failed.retryable]).toEqual([code, true]);
      }
      wrong.close();
      expect(await s3.keys(bucket)).toEqual([]);
    });

    it.each(['PUT', 'GET', 'DELETE'])('The check of a storage that forbids %s fails', async (forbidden) => {
      front.rule = ({ method }) => (method === forbidden ? 403 : 'pass');
      expect((await failure(blobs.check())).code).toBe('STORAGE_MISCONFIGURED');
      if (forbidden !== 'DELETE') expect(await s3.keys(bucket)).toEqual([]);
    });

    it('The check of a storage leaves no object', async () => {
      await blobs.check();
      expect(await s3.keys(bucket)).toEqual([]);
      expect(front.asked.map(({ method }) => method)).toEqual(['PUT', 'GET', 'DELETE']);
    });
  });

  describe('remove', () => {
    it('A removal takes every output of the slug, and no other', async () => {
      const kinds = ['mp4', 'thumbnail', 'webm', 'gif', 'webp'] as const;
      for (const kind of kinds) await blobs.put(file({ kind }), NEVER);
      await blobs.put(file({ name: 'tape-2' }), NEVER);
      await blobs.put(file({ name: 'tape-thumb' }), NEVER);
      expect((await blobs.remove('tape')).toSorted()).toEqual([
        'tapes/tape-thumb.jpg',
        'tapes/tape.gif',
        'tapes/tape.mp4',
        'tapes/tape.webm',
        'tapes/tape.webp',
      ]);
      expect(await s3.keys(bucket)).toEqual(['tapes/tape-2.mp4', 'tapes/tape-thumb.mp4']);
      expect(await blobs.remove('tape')).toEqual([]);
    });

    it('A removal frees the slug for another tape', async () => {
      await plant('tapes/tape.mp4', 'another');
      await blobs.remove('tape');
      await blobs.put(file(), NEVER);
      const head = new HeadObjectCommand({ Bucket: bucket, Key: 'tapes/tape.mp4' });
      expect((await s3.client.send(head)).Metadata).toEqual({ mongoid: 'mine' });
    });
  });

  it('An owner that is not ASCII is kept', async () => {
    const mongoId = 'Ünïque id: 1%';
    await blobs.put(file({ mongoId }), NEVER);
    await blobs.put(file({ mongoId, kind: 'gif' }), NEVER);
    expect((await failure(blobs.put(file(), NEVER))).code).toBe('SLUG_TAKEN');
  });
});

/** Files that this process has open, if the system tells. */
async function openFiles(): Promise<string[]> {
  const names = await readdir('/proc/self/fd').catch(() => []);
  return Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
}
