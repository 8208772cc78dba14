import { describe, expect, test } from 'vitest';
import { changeBetween, describeEnded, renderRows } from '../../service/dashboard/change.ts';
import { renderView } from '../../service/dashboard/load-view.ts';
import type { TapeReport } from '../../service/queue/status.ts';
import { COUNTS, idOf, NOW, reportOf } from './reports.ts';

const view = (...reports: TapeReport[]) => renderView(COUNTS, undefined, reports, NOW);
const baking = (n: number, progress = 0.5) =>
  reportOf(n, { status: 'encoding', stage: 'encoding', progress });
const bad = (n: number) => reportOf(n, { status: 'failed', error: { code: 'BAD', message: 'Bad.' } });

test('the first change is all of it', () => {
  const change = changeBetween(undefined, renderRows(view(baking(1), reportOf(2))))!;
  expect(change.lists.baking.keys).toEqual([idOf(1)]);
  expect(Object.keys(change.lists.tapes.rows)).toEqual([idOf(2)]);
  expect(change.figures).toContain('<dt>');
  expect(change.announcement).toBe('');
});

test('the same again is no change', () => {
  const once = renderRows(view(baking(1), reportOf(2)));
  expect(changeBetween(once, renderRows(view(baking(1), reportOf(2))))).toBeUndefined();
});

test('only rows that differ are sent, with the order of all', () => {
  const before = renderRows(view(baking(1, 0.5), reportOf(2)));
  const change = changeBetween(before, renderRows(view(baking(1, 0.6), reportOf(2))))!;
  expect(Object.keys(change.lists.baking.rows)).toEqual([idOf(1)]);
  expect(change.lists.tapes).toEqual({ keys: [idOf(2)], rows: {} });
  expect(change.figures).toBeUndefined();
});

test.each([
  ['a row goes', view(baking(1), reportOf(2)), view(baking(1))],
  ['a row comes', view(), view(reportOf(2))],
  ['trouble', view(), { ...view(), trouble: 'The queue is gone.' }],
])('%s: a change', (_what, before, now) => {
  expect(changeBetween(renderRows(before), renderRows(now))).toBeDefined();
});

describe('what is said', () => {
  test.each([
    ['nothing of what was there before', view(reportOf(1)), view(reportOf(1)), ''],
    ['nothing of what ended before', view(), view(reportOf(1)), ''],
    ['what came and ended in between', { ...view(), at: NOW - 7000 }, view(reportOf(1)), 'tape-1 is done.'],
    ['nothing of what was there before a trouble', { ...view(), at: 0 }, view(reportOf(1)), ''],
    ['one is done', view(baking(1)), view(reportOf(1)), 'tape-1 is done.'],
    ['one failed', view(baking(1)), view(bad(1)), 'tape-1 failed: BAD.'],
    [
      'many in one sentence',
      view(baking(1), baking(2), baking(3)),
      view(reportOf(1), reportOf(2), bad(3)),
      '2 tapes done. 1 tape failed.',
    ],
  ])('%s', (_what, before, now, wanted) => {
    expect(describeEnded(before, now)).toBe(wanted);
  });
});
