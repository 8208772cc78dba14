import { describe, expect, test } from 'vitest';
import { runsOf } from '../../service/dashboard/logo.ts';
import { readFilter, renderPage } from '../../service/dashboard/page.ts';
import { renderCallback, thumbnailSize } from '../../service/dashboard/row.ts';
import { renderView, unreachableView } from '../../service/dashboard/view.ts';
import type { TapeReport } from '../../service/queue/status.ts';
import { resultOf } from './fixture.ts';
import { COUNTS, NOW, reportOf } from './reports.ts';

const frame = { assets: '/dashboard/0', release: 'dev', startedAt: NOW };
const failed = (message: string, code = 'BAD'): Partial<TapeReport> => ({
  status: 'failed',
  error: { code, message },
});
const page = (reports: readonly TapeReport[], query: { q?: string; status?: string } = {}) =>
  renderPage(frame, renderView(COUNTS, undefined, reports, NOW), readFilter(query)).toString();
/** The slugs that the page shows without JavaScript. */
const shown = (html: string) =>
  html
    .split('<tr ')
    .slice(1)
    .filter((row) => row.includes('data-key') && !/^[^>]* hidden[ >]/.test(row))
    .map((row) => /<a href="\/jobs\/[^"]+">([^<]*)</.exec(row)?.[1]);

describe('Text of others in the page', () => {
  const evil = `</td></table>"'><script>alert(1)</script><img src=x onerror=alert(1)>`;
  test.each<[string, Partial<TapeReport>]>([
    ['message', failed(evil)],
    ['code', failed('x', evil)],
    ['slug', { slug: evil }],
    ['job id', { jobId: evil }],
    ['stage', { status: 'encoding', stage: evil as 'encoding' }],
    ["callback's error", { callback: { delivered: false, attempts: 3, lastError: evil } }],
    [
      'url',
      { result: { ...reportOf(1).result!, outputs: { mp4: `https://x.test/${evil}`, thumbnail: evil } } },
    ],
  ])('HTML in the %s is escaped', (_where, more) => {
    const html = page([reportOf(1, more)]);
    expect(html.match(/<script/g)).toHaveLength(1); // the page's own
    expect(html).not.toMatch(/<img src=x|"'>/);
  });

  test('A video without an http(s) URL is not linked', () => {
    const outputs = { mp4: 'javascript:alert(1)', thumbnail: 'data:text/html,x' };
    expect(page([reportOf(1, { result: { ...reportOf(1).result!, outputs } })])).not.toMatch(/alert\(|data:/);
  });
});

describe('The filter without JavaScript', () => {
  const reports = [
    reportOf(1),
    reportOf(2, failed('A frame is missing.', 'FRAME_MISSING')),
    reportOf(3, {
      status: 'queued',
      timings: { queuedAt: NOW - 9000 },
      callback: { delivered: false, attempts: 0 },
    }),
    reportOf(4, { callback: { delivered: false, attempts: 2, lastError: 'Status 502.' } }),
  ];
  test.each([
    [{}, ['tape-1', 'tape-2', 'tape-4', 'tape-3']],
    [{ status: 'failed' }, ['tape-2']],
    [{ status: 'waiting' }, ['tape-3']],
    [{ status: 'undelivered' }, ['tape-4']],
    [{ status: 'nonsense' }, ['tape-1', 'tape-2', 'tape-4', 'tape-3']],
    [{ q: ' FRAME_miss ' }, ['tape-2']],
    [{ q: '502' }, ['tape-4']],
    [{ q: 'tape-1', status: 'failed' }, []],
  ])('The query %j shows %j', (query, wanted) => {
    expect(shown(page(reports, query))).toEqual(wanted);
  });

  test('The filter form shows the current filter', () => {
    const html = page(reports, { q: '"><b>', status: 'done' });
    expect(html).toContain('value="&quot;&gt;&lt;b&gt;"');
    expect(html).toMatch(/value="done" checked/);
  });
});

test('A running bake is in the first list, and a tape that was found twice is shown once', () => {
  const view = renderView(
    { ...COUNTS, active: 1 },
    { freeBytes: 1, totalBytes: 2 },
    [reportOf(1, { status: 'encoding', stage: 'encoding', progress: 0.5 }), reportOf(2), reportOf(2)],
    NOW,
  );
  expect(view.lists.baking.map(({ slug }) => slug)).toEqual(['tape-1']);
  expect(view.lists.tapes.map(({ slug }) => slug)).toEqual(['tape-2']);
  expect(view.headline).toBe('1 baking');
  expect(view.lists.baking[0]!.render(false).toString()).toContain('value="50"');
});

test('Without the queue the last view stays', () => {
  const view = renderView(COUNTS, undefined, [reportOf(1)], NOW);
  expect(unreachableView(view)).toMatchObject({
    lists: view.lists,
    trouble: expect.stringContaining('queue'),
  });
  expect(unreachableView(undefined).lists.tapes).toEqual([]);
});

test.each([
  [{ delivered: true, attempts: 1 }, 'delivered'],
  [{ delivered: true, attempts: 3 }, 'delivered after 3 attempts'],
  [{ delivered: false, attempts: 0 }, 'on its way'],
  [{ delivered: false, attempts: 2, lastError: 'Status 502.' }, 'trying again after 2 attempts Status 502.'],
  [{ delivered: false, attempts: 9, givenUp: true }, 'given up after 9 attempts'],
])('The callback %j is rendered as %j', (callback, wanted) => {
  expect(
    renderCallback('done', callback)
      .toString()
      .replaceAll(/<[^>]*>/g, ''),
  ).toBe(wanted);
  expect(renderCallback('baking', callback).toString()).toBe('');
});

test('The picture of a ThumbHash is only where there is a thumbnail and a hash of it', () => {
  const thumbnail = { width: 512, height: 267, thumbHash: 'WwkKNJqAh4eAiId4iHeAcAj4iA==' };
  const shown = (change: object) => page([reportOf(1, { result: { ...resultOf('tape-1'), ...change } })]);
  expect(shown({ thumbnail })).toMatch(
    /<img class="thumb-hash" src="data:image\/bmp;base64,[\w+/=]+" alt=""/,
  );
  expect(shown({})).not.toContain('thumb-hash');
  expect(shown({ thumbnail: { ...thumbnail, thumbHash: '"><script>' } })).not.toMatch(/thumb-hash|<script>/);
  expect(shown({ thumbnail, outputs: {} })).not.toContain('thumb-hash');
});

test('A thumbnail keeps its shape', () => {
  expect(thumbnailSize({ width: 674, height: 352 })).toEqual({ width: 112, height: 58 });
  expect(thumbnailSize({ width: 390, height: 844 })).toEqual({ width: 44, height: 96 });
  expect(thumbnailSize({ width: 8000, height: 1 })).toEqual({ width: 112, height: 1 });
});

test('Equal pixels become one run', () => {
  expect(runsOf('aab\n.bb')).toEqual([
    { x: 0, y: 0, width: 2, pixel: 'a' },
    { x: 2, y: 0, width: 1, pixel: 'b' },
    { x: 1, y: 1, width: 2, pixel: 'b' },
  ]);
});
