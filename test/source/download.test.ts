import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { SourceCode } from '../../service/errors.ts';
import { type DownloadOptions, download } from '../../service/source/download.ts';
import { bytesOf, startSource } from '../rig/source.ts';
import { until } from '../rig/until.ts';
import { failure } from './failure.ts';
import { useSource } from './scratch.ts';

const rig = useSource();

function options(changed: Partial<DownloadOptions> = {}): DownloadOptions {
  const limits = { maxBytes: 1_000_000, connectMs: 20_000, idleMs: 20_000, totalMs: 40_000 };
  const signal = new AbortController().signal;
  return { isAllowed: () => ({ trusted: true }), ...limits, signal, ...changed };
}

function fetchTo(file: string, path: string, changed?: Partial<DownloadOptions>) {
  return download(rig.source.url(path), file, options(changed));
}

describe('a whole file', () => {
  it.each([
    ['/whole/0', 0],
    ['/whole/1', 1],
    ['/whole/1000000', 1_000_000], // exactly maxBytes
    ['/chunked/1000000', 1_000_000],
    ['/until-close/300000', 300_000],
    ['/slow/30', 30], // slow, but never idle
    ['/hops/3/whole/9', 9],
    ['/long/5000', 4900], // what it announced; the rest is no part of the answer
    ['/to?status=301&url=/whole/9', 9],
    ['/to?status=303&url=/whole/9', 9],
    ['/to?status=307&url=/whole/9', 9],
    ['/to?status=308&url=/whole/9%23fragment', 9],
  ])('A download of %s is saved whole', async (path, bytes) => {
    const file = rig.folder.file();
    const done = await fetchTo(file, path, { idleMs: 5000 });
    expect(done.bytes).toBe(bytes);
    const expected = path.startsWith('/slow')
      ? Buffer.alloc(bytes, 'x')
      : bytesOf(bytes + (path.includes('long') ? 100 : 0)).subarray(0, bytes);
    expect((await readFile(file)).equals(expected)).toBe(true);
  });

  it('The progress of a download is reported, with the length if it is announced', async () => {
    for (const [path, total] of [
      ['/whole/300000', 300_000],
      ['/chunked/300000', undefined],
    ] as const) {
      const progress: [number, number | undefined][] = [];
      const onProgress = (bytes: number, of?: number) => void progress.push([bytes, of]);
      await fetchTo(rig.folder.file(), path, { onProgress });
      expect(progress.at(-1)).toEqual([300_000, total]);
      expect(progress.map(([bytes]) => bytes)).toEqual(
        progress.map(([bytes]) => bytes).sort((a, b) => a - b),
      );
    }
  });

  it('A download requests the file uncompressed, and without a fragment', async () => {
    await fetchTo(rig.folder.file(), '/whole/9#part');
    expect(rig.source.asked).toMatchObject([
      { path: '/whole/9', headers: { 'accept-encoding': 'identity' } },
    ]);
  });

  it('A download returns the URL of its last hop', async () => {
    const { finalUrl } = await fetchTo(rig.folder.file(), '/hops/2/whole/9');
    expect(finalUrl.href).toBe(rig.source.url('/whole/9').href);
  });

  it('A download never replaces a file', async () => {
    const file = rig.folder.file();
    await writeFile(file, 'another');
    await expect(fetchTo(file, '/whole/9')).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(file, 'utf8')).toBe('another');
  });
});

describe('a failed download', () => {
  it.each<[string, SourceCode, boolean, Partial<DownloadOptions>?]>([
    ['/status/404', 'SOURCE_NOT_FOUND', false],
    ['/status/410', 'SOURCE_NOT_FOUND', false],
    ['/status/401', 'SOURCE_REFUSED', false],
    ['/status/403', 'SOURCE_REFUSED', false],
    ['/status/206', 'SOURCE_REFUSED', false],
    ['/status/204', 'SOURCE_REFUSED', false],
    ['/status/304', 'SOURCE_REFUSED', false],
    ['/status/408', 'SOURCE_UNREACHABLE', true],
    ['/status/429', 'SOURCE_UNREACHABLE', true],
    ['/status/500', 'SOURCE_UNREACHABLE', true],
    ['/status/503', 'SOURCE_UNREACHABLE', true],
    ['/gzip/9', 'SOURCE_REFUSED', false],
    ['/drop', 'SOURCE_UNREACHABLE', true],
    ['/garbage', 'SOURCE_UNREACHABLE', true],
    ['/drop/5000', 'SOURCE_TRUNCATED', true],
    ['/short/5000', 'SOURCE_TRUNCATED', true],
    ['/whole/1000001', 'SOURCE_TOO_LARGE', false],
    ['/chunked/1000001', 'SOURCE_TOO_LARGE', false],
    ['/until-close/1000001', 'SOURCE_TOO_LARGE', false],
    ['/endless', 'SOURCE_TOO_LARGE', false],
    ['/claim/99999999999', 'SOURCE_TOO_LARGE', false],
    ['/claim/99999999999999999999999999', 'SOURCE_UNREACHABLE', true], // no number of bytes at all
    ['/stall', 'SOURCE_TIMEOUT', true, { idleMs: 300 }],
    ['/stall/5000', 'SOURCE_TIMEOUT', true, { idleMs: 300 }],
    ['/stall', 'SOURCE_TIMEOUT', true, { totalMs: 300 }],
    ['/stall/5000', 'SOURCE_TIMEOUT', true, { totalMs: 300 }],
    ['/slow/100000', 'SOURCE_TIMEOUT', true, { totalMs: 300 }],
    ['/hops/3/stall', 'SOURCE_TIMEOUT', true, { totalMs: 300 }],
    ['/hops/4/whole/9', 'SOURCE_REDIRECTS', false],
    ['/hops/1/whole/9', 'SOURCE_REDIRECTS', false, { maxRedirects: 0 }],
    ['/circle/a', 'SOURCE_REDIRECTS', false],
    ['/to?url=', 'SOURCE_REDIRECTS', false], // to itself
    ['/to?url=%23part', 'SOURCE_REDIRECTS', false],
    ['/to', 'SOURCE_REDIRECTS', false],
    ['/to?url=http://', 'SOURCE_REDIRECTS', false],
    ['/to?url=file:///etc/passwd', 'SOURCE_NOT_ALLOWED', false],
    ['/to?url=http://me:pass@127.0.0.1/', 'SOURCE_NOT_ALLOWED', false],
  ])('A download of %s fails with %s and leaves no file', async (path, code, retryable, changed) => {
    const failed = await failure(fetchTo(rig.folder.file(), path, changed));
    expect([failed.code, failed.retryable]).toEqual([code, retryable]);
    expect(await rig.folder.left()).toEqual([]);
    await until('its connections are closed', async () => (await rig.source.connections()) === 0);
  });

  it('A download from a closed port fails with SOURCE_UNREACHABLE', async () => {
    const gone = await startSource();
    await gone.stop();
    const failed = await failure(download(gone.url('/whole/9'), rig.folder.file(), options()));
    expect(failed.code).toBe('SOURCE_UNREACHABLE');
  });

  it('A download from a server that does not answer TLS fails with SOURCE_TIMEOUT', async () => {
    const url = new URL(rig.source.silent.href.replace('http:', 'https:'));
    const failed = await failure(download(url, rig.folder.file(), options({ connectMs: 300 })));
    expect(failed.code).toBe('SOURCE_TIMEOUT');
  });

  it('A download whose lookup never ends fails with SOURCE_TIMEOUT', async () => {
    const url = new URL('http://tapes.example/');
    const never = { connectMs: 300, lookup: () => {} };
    expect((await failure(download(url, rig.folder.file(), options(never)))).code).toBe('SOURCE_TIMEOUT');
  });

  it('A download from an unknown name fails with SOURCE_UNREACHABLE', async () => {
    const missing = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    const lookup: DownloadOptions['lookup'] = (_, __, callback) => callback(missing, []);
    const url = new URL('http://tapes.example/');
    expect((await failure(download(url, rig.folder.file(), options({ lookup })))).code).toBe(
      'SOURCE_UNREACHABLE',
    );
  });
});

describe('an aborted download', () => {
  it.each(['/stall', '/stall/5000', '/slow/100000', '/endless'])(
    'An aborted download of %s leaves no file and no connection',
    async (path) => {
      const controller = new AbortController();
      const reason = new Error('cancelled');
      const changed = { signal: controller.signal, maxBytes: Number.MAX_SAFE_INTEGER };
      const fetching = fetchTo(rig.folder.file(), path, changed);
      fetching.catch(() => {});
      await until('it is asked for', () => rig.source.asked.length > 0);
      controller.abort(reason);
      await expect(fetching).rejects.toBe(reason);
      expect(await rig.folder.left()).toEqual([]);
      await until('its connection is closed', async () => (await rig.source.connections()) === 0);
    },
  );

  it('A download that is aborted before its begin sends no request', async () => {
    const reason = new Error('cancelled');
    const fetching = fetchTo(rig.folder.file(), '/whole/9', { signal: AbortSignal.abort(reason) });
    await expect(fetching).rejects.toBe(reason);
    expect(rig.source.asked).toEqual([]);
  });
});

it('A redirect to a URL that is not allowed is not followed', async () => {
  const isAllowed = (url: URL) => (url.pathname.startsWith('/to') ? { trusted: true } : undefined);
  const fetching = fetchTo(rig.folder.file(), '/to?url=/whole/9', { isAllowed });
  expect((await failure(fetching)).code).toBe('SOURCE_NOT_ALLOWED');
  expect(rig.source.asked.map(({ path }) => path)).toEqual(['/to?url=/whole/9']);
});
