import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import type { OutputKind } from '../../service/bake/outputs.ts';
import { openStorage } from '../../service/storage/open.ts';
import { openQueueFixture, RESULT, requestFor, untilAborted, useRedis } from './fixture.ts';

const { redis } = useRedis();

it('Two tapes that store different files under one slug at the same time do not mix their files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'oven-lock-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'file'), 'bytes');
  const account = { endpoint: pathToFileURL(folder), bucket: '', key: '', secret: '' };
  const storage = openStorage({ ...account, publicUrl: new URL('http://localhost') });
  const own = openQueueFixture(redis());
  const bothHere = Promise.withResolvers<void>();
  let here = 0;
  await own.work({
    bake: async ({ slug, mongoId, outputs }, { withSlugLock, signal }) => {
      here += 1;
      if (here === 2) bothHere.resolve();
      await bothHere.promise;
      await withSlugLock(async () => {
        const put = ({ kind }: { kind: OutputKind }) =>
          storage.put({ name: slug, kind, path: join(folder, 'file'), mongoId }, signal);
        for (const output of outputs) await put(output);
      }, signal);
      return RESULT;
    },
  });
  const videos = requestFor('a', { mongoId: 'm1', outputs: [{ kind: 'mp4' }, { kind: 'webm' }] });
  const pictures = requestFor('a', { mongoId: 'm2', outputs: [{ kind: 'thumbnail' }, { kind: 'gif' }] });
  const ids = await Promise.all([videos, pictures].map((one) => own.queue.submit(one)));
  await own.calls(2);
  const reports = await Promise.all(ids.map(({ jobId }) => own.queue.status(jobId)));
  expect(reports.map((one) => one?.error?.code ?? one?.status).sort()).toEqual(['SLUG_TAKEN', 'done']);
  const stored = (await readdir(join(folder, 'tapes'))).filter((name) => !name.startsWith('.')).sort();
  const won = reports[0]?.status === 'done' ? ['a.mp4', 'a.webm'] : ['a-thumb.jpg', 'a.gif'];
  expect(stored).toEqual(won);
});

it('A bake that waits for the lock of its slug can be cancelled, and a bake of another slug does not wait', async () => {
  const own = openQueueFixture(redis());
  const asked: string[] = [];
  await own.work({
    concurrency: 3,
    bake: async ({ slug, mongoId }, { withSlugLock, signal }) => {
      asked.push(mongoId);
      if (slug === 'b') return withSlugLock(async () => RESULT, signal);
      return withSlugLock(() => untilAborted(signal), signal);
    },
  });
  const first = await own.queue.submit(requestFor('a', { mongoId: 'm1' }));
  await expect.poll(() => asked).toEqual(['m1']);
  const second = await own.queue.submit(requestFor('a', { mongoId: 'm2' }));
  await expect.poll(() => asked).toEqual(['m1', 'm2']);
  const other = await own.queue.submit(requestFor('b'));
  await own.is(other.jobId, 'done');
  expect(await own.queue.cancel(second.jobId)).toBe('cancelled');
  expect((await own.calls(2)).map(({ jobId }) => jobId).sort()).toEqual([second.jobId, other.jobId].sort());
  expect((await own.queue.counts()).active).toBe(1);
  await own.queue.cancel(first.jobId);
  await own.calls(3);
});
