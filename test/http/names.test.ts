import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../rig/until.ts';
import { BEARER, startTestService, type TestService } from './test-service.ts';

let testService: TestService;
beforeAll(async () => {
  testService = await startTestService({ OUTPUT_NAME: 'code' });
}, 60_000);
afterAll(() => testService.close());

const files = async () =>
  (await readdir(join(testService.root, 'blobs', 'tapes')).catch(() => []))
    .filter((name) => !name.startsWith('.'))
    .sort();
const baked = async (body: object) => {
  const { jobId } = await testService.bake(body);
  return testService.ended(jobId);
};
const purge = async (path: string) =>
  (await (await testService.fetch(`/tapes/${path}`, { method: 'DELETE', headers: BEARER })).json()) as {
    jobs: string[];
    files: string[];
  };

describe('OUTPUT_NAME=code', () => {
  it('With OUTPUT_NAME=code files are named by the code, also in the callback, and slug and code find them', async () => {
    const report = await baked(testService.body('a', { code: 'k3d' }));
    expect(report).toMatchObject({ slug: 'a', status: 'done' });
    expect(await files()).toEqual(['k3d-thumb.jpg', 'k3d.mp4']);
    const body = await until('the callback has come', async () =>
      testService.calls.map((call) => JSON.parse(call.body)).find(({ slug }) => slug === 'a'),
    );
    expect(body).toMatchObject({ slug: 'a', code: 'k3d', mp4Url: `${testService.url}/files/tapes/k3d.mp4` });
    expect((await testService.fetch('/files/tapes/k3d.mp4')).status).toBe(200);
    // The id of another tape removes nothing; the slug removes all.
    expect(await purge('a?mongoId=another')).toMatchObject({ jobs: [], files: [] });
    expect(await purge('k3d?mongoId=another&unowned=true')).toMatchObject({ jobs: [], files: [] });
    expect(await purge('a')).toMatchObject({
      jobs: [report.jobId],
      files: ['tapes/k3d.mp4', 'tapes/k3d-thumb.jpg'],
    });
    expect(await files()).toEqual([]);
  });

  it('A purge by the code removes the jobs too', async () => {
    const { jobId } = await baked(testService.body('b', { code: 'k3e' }));
    expect(await purge('k3e?mongoId=id-b&unowned=true')).toMatchObject({
      jobs: [jobId],
      files: ['tapes/k3e.mp4', 'tapes/k3e-thumb.jpg'],
    });
    expect(await purge('b')).toMatchObject({ jobs: [], files: [] });
  });

  it('A request may ask for files that are named by the slug', async () => {
    await baked(testService.body('c', { code: 'k3f', outputName: 'slug' }));
    expect(await files()).toEqual(['c-thumb.jpg', 'c.mp4']);
    await purge('c');
  });

  it.each([
    [{}, 'is missing'],
    [{ code: null }, 'is missing'],
    [{ code: '../x' }, 'must match'],
    [{ code: 'a/b' }, 'must match'],
  ])('With OUTPUT_NAME=code a request with %o is refused', async (fields, message) => {
    const response = await testService.post('/bake', testService.body('d', fields));
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { fields: { field: string; message: string }[] } };
    expect(error.fields).toEqual([{ field: 'code', message: expect.stringContaining(message) }]);
  });

  it('A file from before Oven is replaced only for the tape whose MP4 it is', async () => {
    const old = join(testService.root, 'blobs', 'tapes', 'old.mp4');
    await writeFile(old, 'from before');
    const taken = await baked(testService.body('d', { code: 'old' }));
    expect(taken).toMatchObject({ status: 'failed', error: { code: 'SLUG_TAKEN' } });
    const replaces = `${testService.url}/files/tapes/old.mp4`;
    const report = await baked(testService.body('d', { code: 'old', replaces, rebake: true }));
    expect(report).toMatchObject({ status: 'done' });
    expect(await purge('old?mongoId=id-d')).toMatchObject({
      files: ['tapes/old.mp4', 'tapes/old-thumb.jpg'],
    });
  });

  it('The second of two tapes whose files would have the same name fails with SLUG_TAKEN', async () => {
    await baked(testService.body('a', { code: 'b' }));
    const other = await baked(testService.body('b', { outputName: 'slug' }));
    expect(other).toMatchObject({ status: 'failed', error: { code: 'SLUG_TAKEN' } });
    // A purge of one leaves the other.
    expect(await purge('b?mongoId=id-b')).toMatchObject({ files: [] });
    expect(await files()).toContain('b.mp4');
    expect(await purge('b?mongoId=id-a')).toMatchObject({ files: ['tapes/b.mp4', 'tapes/b-thumb.jpg'] });
  });
});
