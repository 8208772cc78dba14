import { describe, expect, it } from 'vitest';
import { renderRest } from '../../bin/count-bar.ts';
import { parseSince } from '../../bin/filters.ts';
import { parseList } from '../../bin/rebake-list.ts';
import { renderSpan } from '../../bin/render-jobs.ts';
import { cut, plain, renderTable, widthOf, wrap } from '../../bin/table.ts';

describe('renderTable', () => {
  const rows = [
    {
      slug: '2026.11.24.10.30.00.123',
      why: 'STORAGE_REFUSED: The storage refuses the file for ever.',
      job: 'f'.repeat(32),
    },
    { slug: 'short', why: '', job: '0'.repeat(32) },
  ];
  const columns = [
    { title: 'SLUG', of: ({ slug }: (typeof rows)[0]) => slug },
    { title: 'WHY', of: ({ why }: (typeof rows)[0]) => why, shrinksTo: 12 },
    { title: 'JOB', of: ({ job }: (typeof rows)[0]) => job, optional: true as const },
  ];
  it.each([40, 60, 80, 120, Number.POSITIVE_INFINITY])(
    'No line of a table for %d cells is wider',
    (width) => {
      for (const line of renderTable(columns, rows, width).split('\n'))
        expect(widthOf(line)).toBeLessThanOrEqual(width);
    },
  );

  it('A narrow table leaves out the optional column, then cuts the one that shrinks', () => {
    expect(renderTable(columns, rows, Number.POSITIVE_INFINITY).split('\n')[1]).toContain(
      `for ever.  ${'f'.repeat(32)}`,
    );
    expect(renderTable(columns, rows, 80).split('\n')[1]).toMatch(/STORAGE_.*… {2}f{32}$/);
    expect(renderTable(columns, rows, 60).split('\n')[1]).toMatch(
      /^2026.11.24.10.30.00.123 {2}STORAGE_REFUSED: .*…$/,
    );
  });

  it('A text of a stranger moves no cursor, and a wide character takes two cells', () => {
    expect(plain('a\u001b[2Jb\u202ec\n')).toBe('a?[2Jb?c?');
    expect([widthOf('日本'), widthOf('é'), widthOf('e\u0301')]).toEqual([4, 1, 1]);
    expect(cut('日本語', 5)).toBe('日本…');
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  });
});

it.each([
  [0, '0.0 s'],
  [9_940, '9.9 s'],
  [45_000, '45 s'],
  [720_000, '12 min'],
  [10_800_000, '3 h'],
  [432_000_000, '5 d'],
])('A span of %d ms is shown as %s', (ms, text) => expect(renderSpan(ms)).toBe(text));

it('The bar says rate, time left and failures', () => {
  expect(renderRest({ done: 0, left: 9, failed: 0, ms: 1000 })).toBe('');
  expect(renderRest({ done: 70, left: 700, failed: 3, ms: 120_000 })).toBe('35/min  20 min left  3 failed');
  expect(renderRest({ done: 3, left: 600, failed: 0, ms: 60_000 })).toBe('3.0/min  3 h 20 min left');
  expect(renderRest({ done: 10, left: 0, failed: 0, ms: 60_000 })).toBe('10/min');
});

it('A time is a span before now, or a date', () => {
  expect(parseSince('30m', undefined, 10_000_000)).toBe(10_000_000 - 1_800_000);
  expect(parseSince('2026-11-26')).toBe(Date.UTC(2026, 10, 26));
  for (const bad of ['soon', '', '7', '1y', '2026-13-40']) expect(() => parseSince(bad)).toThrow(/span/);
});

describe('parseList', () => {
  const tape = {
    mongoId: 'm',
    slug: 's',
    zipUrl: 'https://a.test/s.zip?sig=1',
    callbackUrl: 'https://b.test/',
  };
  const lines = (...all: unknown[]) =>
    all.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\r\n');

  it('A tape that is listed twice counts once, whatever the signature of its URL', () => {
    const twice = { ...tape, zipUrl: 'https://a.test/s.zip?sig=2' };
    const found = parseList(
      lines(tape, '', twice, { ...tape, slug: 'other' }, { jobId: 'j', slug: 'x' }),
      'f',
    );
    expect(found.map(({ name }) => name)).toEqual(['s', 'other', 'x']);
  });

  it('Bad lines are named, the first three of them', () => {
    const bad = lines(tape, '{', '[]', { ...tape, slug: '' }, { slug: 'x' }, 'null');
    expect(() => parseList(bad, 'f')).toThrow(
      'f: line 2 is no JSON object; line 3 is no JSON object; line 4 has no slug; and 2 more',
    );
  });
});
