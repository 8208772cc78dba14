import { expect, test } from 'vitest';
import { countsOf, neverCalled, sum } from './counts.ts';
import { renderRow, shortened } from './run.ts';
import { type Row, renderTable, time } from './table.ts';

const counts = { asked: 100, lost: 0, told: 3, tapes: ['a', 'b'], worstMs: 40 };
const row: Row = { name: 'up', seconds: 61.4, came: '42 created', counts, problems: [], seen: [] };

test('A request with Retry-After in its response is not lost', () => {
  const [refused, lost] = [['GET /health after 3 ms: 503 {}'], ['GET /health after 9 ms: ECONNRESET']];
  expect(countsOf({ asked: 9, lost, refused, tapes: ['a'], releases: [], worstMs: 9 })).toEqual({
    asked: 9,
    lost: 1,
    told: 1,
    tapes: ['a'],
    worstMs: 9,
  });
});

test('Counts of laps add up, and the slowest is the slowest of all', () => {
  expect(sum([counts, { ...counts, tapes: ['c'], worstMs: 70 }])).toEqual({
    asked: 200,
    lost: 0,
    told: 6,
    tapes: ['a', 'b', 'c'],
    worstMs: 70,
  });
});

test('Accepted tapes without a callback are named', () => {
  expect(neverCalled([counts], (slug) => slug === 'a')).toEqual(['b']);
});

test.each([
  [4.4, '4 s'],
  [119, '119 s'],
  [120, '2 min 0 s'],
  [725.2, '12 min 5 s'],
])('%f seconds are %s', (seconds, text) => expect(time(seconds)).toBe(text));

test('The table has a line for each step and one for all', () => {
  const destroyed = { ...row, name: 'destroy', came: '42 deleted', counts: undefined };
  expect(renderTable([row, destroyed], 0)).toBe(
    `| step    |      time | what came of it | requests | lost | 503 | tapes |       |
|---------|----------:|-----------------|---------:|-----:|----:|------:|-------|
| up      |      61 s | 42 created      |      100 |    0 |   3 |     2 | ok    |
| destroy |      61 s | 42 deleted      |        – |    – |   – |     – | ok    |
| all     | 2 min 3 s | 0 tapes lost    |      100 |    0 |   3 |     2 | holds |
`,
  );
});

test.each([
  ['a lost tape', [row], 1],
  ['a problem', [{ ...row, problems: ['no'] }], 0],
  ['a lost request', [{ ...row, counts: { ...counts, lost: 1 } }], 0],
])('The rehearsal fails with %s', (_what, rows, tapes) => {
  expect(renderTable(rows, tapes)).toContain('DOES NOT HOLD');
});

test('Requests may be lost in a step that says so', () => {
  const table = renderTable([{ ...row, mayLose: true, counts: { ...counts, lost: 1 } }], 0);
  expect(table).toMatch(/\| holds \|/);
});

test('A row has the operator’s output and the failed expectations', () => {
  const lines = renderRow({ ...row, seen: ['error: no'], problems: ['2 requests were lost'] });
  expect(lines).toEqual([
    '✗ up (61 s): 42 created, 100 requests, 0 lost, 3 told to come again',
    '    │ error: no',
    '    ! 2 requests were lost',
  ]);
});

test('Long words are cut in the middle, and long lines at their end', () => {
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  expect(shortened(lines, 1, 2)).toEqual(['line 0', '…', 'line 18', 'line 19']);
  expect(shortened(lines, 10, 10)).toEqual(lines);
  expect(shortened(['x'.repeat(200)])[0]).toHaveLength(160);
});
