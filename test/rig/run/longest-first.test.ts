import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inOrder, LONGEST } from './longest-first.ts';

const named = (project: string, file: string) => ({ project, file });

test('what takes longest comes first, then by project, each together', () => {
  const [longest = '', next = ''] = LONGEST;
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

test.each(LONGEST)('%s is there', (file) => {
  expect(existsSync(file)).toBe(true);
});
