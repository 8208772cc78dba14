import { describe, expect, test } from 'vitest';
import { changeBetween, describeEnded, renderRows } from '../../service/dashboard/change.ts';
import { renderView } from '../../service/dashboard/view.ts';
import type { TapeReport } from '../../service/queue/status.ts';
import { COUNTS, idOf, NOW, reportOf } from './reports.ts';

const view = (...reports: TapeReport[]) => renderView(COUNTS, undefined, reports, NOW);
const baking = (n: number, progress = 0.5) =>
  reportOf(n, { status: 'encoding', stage: 'encoding', progress });
const bad = (n: number) => reportOf(n, { status: 'failed', error: { code: 'BAD', message: 'Bad.' } });

test('The first change is the whole view', () => {
  const change = changeBetween(undefined, renderRows(view(baking(1), reportOf(2))))!;
  expect(change.lists.baking.keys).toEqual([idOf(1)]);
  expect(Object.keys(change.lists.tapes.rows)).toEqual([idOf(2)]);
  expect(change.figures).toContain('<dt>');
  expect(change.announcement).toBe('');
});

test('An equal view is no change', () => {
  const once = renderRows(view(baking(1), reportOf(2)));
  expect(changeBetween(once, renderRows(view(baking(1), reportOf(2))))).toBeUndefined();
});

test('A change has the rows that differ and the keys of all rows in order', () => {
  const before = renderRows(view(baking(1, 0.5), reportOf(2)));
  const change = changeBetween(before, renderRows(view(baking(1, 0.6), reportOf(2))))!;
  expect(Object.keys(change.lists.baking.rows)).toEqual([idOf(1)]);
  expect(change.lists.tapes).toEqual({ keys: [idOf(2)], rows: {} });
  expect(change.figures).toBeUndefined();
});

test.each([
  ['A row that goes', view(baking(1), reportOf(2)), view(baking(1))],
  ['A row that comes', view(), view(reportOf(2))],
  ['A trouble', view(), { ...view(), trouble: 'The queue is gone.' }],
])('%s is a change', (_what, before, now) => {
  expect(changeBetween(renderRows(before), renderRows(now))).toBeDefined();
});

describe('The announcement of a change', () => {
  test.each([
    ['is empty when the tape was done before', view(reportOf(1)), view(reportOf(1)), ''],
    ['is empty for a tape that ended before the first view', view(), view(reportOf(1)), ''],
    [
      'names a tape that came and ended between the views',
      { ...view(), at: NOW - 7000 },
      view(reportOf(1)),
      'tape-1 is done.',
    ],
    ['is empty after a trouble for a tape that was done before', { ...view(), at: 0 }, view(reportOf(1)), ''],
    ['names a tape that is done', view(baking(1)), view(reportOf(1)), 'tape-1 is done.'],
    ['names a tape that failed, with its code', view(baking(1)), view(bad(1)), 'tape-1 failed: BAD.'],
    [
      'counts more than two tapes in one sentence',
      view(baking(1), baking(2), baking(3)),
      view(reportOf(1), reportOf(2), bad(3)),
      '2 tapes done. 1 tape failed.',
    ],
  ])('The announcement %s', (_what, before, now, wanted) => {
    expect(describeEnded(before, now)).toBe(wanted);
  });
});
