import { expect, test } from 'vitest';
import { childOf, readTraceparent, traceIdOf } from '../../service/lib/trace.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GOOD = `00-${TRACE}-${SPAN}-01`;

test.each([
  [GOOD, GOOD],
  [` ${GOOD} `, GOOD],
  [`cc-${TRACE}-${SPAN}-01`, GOOD],
  [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, GOOD],
  [`00-${TRACE}-${SPAN}-01-more`, undefined],
  [`cc-${TRACE}-${SPAN}-01.more`, undefined],
  [`ff-${TRACE}-${SPAN}-01`, undefined],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, undefined],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
  [GOOD.toUpperCase(), undefined],
  [`00-${TRACE}-${SPAN}`, undefined],
  [`00-${TRACE}x-${SPAN}-01`, undefined],
  ['"}\n{"level":"error"', undefined],
  ['', undefined],
  [undefined, undefined],
])('The header traceparent %j means the trace %j', (header, trace) => {
  expect(readTraceparent(header)).toBe(trace);
});

test('A child has the trace and the flags, and a span of its own each time', () => {
  const children = [childOf(GOOD), childOf(GOOD)];
  for (const child of children) {
    expect(readTraceparent(child)).toBe(child);
    expect([traceIdOf(child), child.endsWith('-01')]).toEqual([TRACE, true]);
  }
  expect(new Set([GOOD, ...children].map((one) => one.split('-')[2])).size).toBe(3);
});
