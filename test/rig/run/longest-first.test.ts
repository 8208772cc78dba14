import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inOrder, SECONDS } from './longest-first.ts';

const named = (project: string, file: string) => ({ project, file });

test('what takes longest comes first, then by project, each together', () => {
  const [longest = '', next = ''] = Object.entries(SECONDS)
    .sort(([, a], [, b]) => b - a)
    .map(([file]) => file);
  const files = [
    named('unit', 'a'),
    named('service', 'b'),
    named('unit', 'c'),
    named('service', next),
    named('host', 'd'),
    named('host', longest),
  ];
  expect(inOrder(files).map(({ file }) => file)).toEqual([longest, next, 'd', 'b', 'a', 'c']);
});

test.each(Object.keys(SECONDS))('%s is there', (file) => {
  expect(existsSync(file)).toBe(true);
});
