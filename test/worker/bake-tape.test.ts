import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../service/bake/limits.ts';
import type { Stage, StageProgress } from '../../service/schemas/outcome.ts';
import type { BakeRequest } from '../../service/schemas/request.ts';
import { SourceError } from '../../service/source/errors.ts';
import type { BakeAttempt } from '../../service/worker/bake-processor.ts';
import { type TapeBakerOptions, tapeBaker } from '../../service/worker/bake-tape.ts';
import { makeTape } from '../tapes/make.ts';

let root: string;
const path = (...names: string[]) => join(root, ...names);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'oven-test-'));
  await makeTape(path('tape.zip'), { scene: 'sprites', width: 40, height: 30, seconds: 0.5, sound: true });
});
beforeEach(async () => {
  for (const name of ['temp', 'blobs']) {
    await rm(path(name), { recursive: true, force: true });
    await mkdir(path(name));
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

const request: BakeRequest = {
  mongoId: 'm1',
  slug: '2026.01.02.03.04.05.678',
  secretFingerprint: 'f',
  zipUrl: 'https://art.test/t.zip',
  callbackUrl: 'https://site.test/hook',
  outputs: [{ kind: 'mp4' }, { kind: 'thumbnail' }],
};

/** A source that copies the tape, and a storage that is a folder. */
function parts(): Pick<TapeBakerOptions, 'source' | 'storage'> {
  return {
    source: {
      fetch: async (_url, file, { onProgress }) => {
        await copyFile(path('tape.zip'), file);
        onProgress?.(50, 100);
        onProgress?.(100, 100);
      },
    },
    storage: {
      put: async ({ name, kind, path: file, mongoId }) => {
        await copyFile(file, path('blobs', `${name}.${kind}.${mongoId}`));
        return `https://blobs.test/${name}.${kind}`;
      },
    },
  };
}

function run(
  options: Partial<TapeBakerOptions> = {},
  {
    signal = new AbortController().signal,
    onProgress = (_: StageProgress) => {},
    withSlugLock = ((work) => work()) as BakeAttempt['withSlugLock'],
    of = request,
  } = {},
) {
  const bases = { tempDir: path('temp'), limits: DEFAULT_LIMITS, timeoutSeconds: 60, scale: 2 } as const;
  const bakeTape = tapeBaker({ ...bases, ...parts(), ...options });
  return bakeTape(of, { jobId: 'abc-2', signal, onProgress, withSlugLock });
}

describe('tapeBaker', () => {
  it('A tape is fetched, baked and stored, its progress is reported, and no file is left', async () => {
    const reported: StageProgress[] = [];
    const folders = new Set<string>();
    const result = await run(
      {
        source: {
          fetch: async (url, file, how) => {
            for (const name of await readdir(path('temp'))) folders.add(name);
            expect(url.href).toBe(request.zipUrl);
            return parts().source.fetch(url, file, how);
          },
        },
      },
      { onProgress: (progress) => reported.push(progress) },
    );
    expect(result).toMatchObject({
      width: 80,
      height: 60,
      bytes: (await readFile(path('blobs', `${request.slug}.mp4.m1`))).length,
      outputs: {
        mp4: `https://blobs.test/${request.slug}.mp4`,
        thumbnail: `https://blobs.test/${request.slug}.thumbnail`,
      },
    });
    expect(result.duration).toBeGreaterThan(0.3);
    expect(Object.keys(result.timings!)).toEqual(['downloading', 'opening', 'encoding', 'uploading']);
    expect([...folders]).toEqual([`tape-${request.slug}-abc-2`]);
    expect([...new Set(reported.map(({ stage }) => stage))]).toEqual([
      'downloading',
      'opening',
      'encoding',
      'uploading',
    ]);
    const progress = reported.map((one) => one.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(await readdir(path('temp'))).toEqual([]);
  });

  it('Outputs are stored under the lock of the slug, and the tape is fetched without it', async () => {
    const log: string[] = [];
    const { source, storage: blobs } = parts();
    await run(
      {
        source: { fetch: (...how) => source.fetch(...how).finally(() => log.push('fetched')) },
        storage: { put: (...how) => blobs.put(...how).finally(() => log.push('stored')) },
      },
      {
        withSlugLock: async (work, signal) => {
          expect(signal.aborted).toBe(false);
          log.push('locked');
          return work().finally(() => log.push('unlocked'));
        },
      },
    );
    expect(log).toEqual(['fetched', 'locked', 'stored', 'stored', 'unlocked']);
  });

  it('Only the requested outputs are made', async () => {
    const of: BakeRequest = { ...request, outputs: [{ kind: 'thumbnail' }, { kind: 'webp', maxSide: 20 }] };
    const result = await run({}, { of });
    expect(Object.keys(result.outputs)).toEqual(['thumbnail', 'webp']);
    expect((await readdir(path('blobs'))).length).toBe(2);
  });
});

describe('failures', () => {
  const failWith = (error: unknown) => async () => Promise.reject(error);
  const enospc = Object.assign(new Error('write'), { code: 'ENOSPC' });
  const emfile = Object.assign(new Error('open'), { code: 'EMFILE' });
  const gone = new SourceError('SOURCE_NOT_FOUND', 'gone');

  it.each<[string, Partial<TapeBakerOptions>, object]>([
    ['a missing tape', { source: { fetch: failWith(gone) } }, { code: 'SOURCE_NOT_FOUND', retryable: false }],
    ['a full disk', { source: { fetch: failWith(enospc) } }, { code: 'DISK_FULL', retryable: true }],
    [
      'too many open files',
      { storage: { put: failWith(emfile) } },
      { code: 'MACHINE_BUSY', retryable: true },
    ],
    [
      'a file that is no ZIP',
      { source: { fetch: (_url, file) => writeFile(file, 'no zip') } },
      { code: 'NOT_A_ZIP', retryable: false },
    ],
    [
      'a tape that vanishes',
      { source: { fetch: async () => {} } },
      { code: 'TEMP_DIR_UNUSABLE', retryable: true },
    ],
    ['a missing ffmpeg', { ffmpeg: 'no-such-program' }, { code: 'FFMPEG_MISSING', retryable: true }],
    [
      'a slow source',
      { timeoutSeconds: 0.2, source: { fetch: (_url, _file, { signal }) => forever(signal) } },
      { code: 'BAKE_TIMEOUT', retryable: true },
    ],
  ])('A bake that fails with %s leaves no file, and its error has a code', async (_what, options, error) => {
    await expect(run(options)).rejects.toMatchObject(error);
    expect(await readdir(path('temp'))).toEqual([]);
  });

  it.each<Stage>(['downloading', 'opening', 'encoding', 'uploading'])(
    'A bake that is aborted while %s leaves no file',
    async (at) => {
      const stop = new AbortController();
      const onProgress = ({ stage }: StageProgress) => stage === at && stop.abort();
      const held: Partial<TapeBakerOptions> = {
        ...(at === 'downloading' && { source: { fetch: (_url, _file, { signal }) => forever(signal) } }),
        ...(at === 'uploading' && { storage: { put: (_file, signal) => forever(signal) } }),
      };
      await expect(run(held, { signal: stop.signal, onProgress })).rejects.toThrow();
      expect(await readdir(path('temp'))).toEqual([]);
      expect(await readdir(path('blobs'))).toEqual([]);
    },
  );
});

it('Progress is reported to progressUrl until the bake ends', async () => {
  const reported: string[] = [];
  const reportProgress = (of: BakeRequest, jobId: string) => ({
    report: ({ stage }: StageProgress) => reported.push(`${of.slug} ${jobId} ${stage}`),
    end: () => reported.push('end'),
  });
  await run({ reportProgress });
  expect(reported[0]).toBe(`${request.slug} abc-2 downloading`);
  expect(reported.filter((one) => one === 'end')).toHaveLength(1);
  expect(reported.at(-1)).toBe('end');
});

function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
