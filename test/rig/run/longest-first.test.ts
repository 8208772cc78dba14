import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { inOrder, LONGEST } from './longest-first.ts';

const named = (project: string, file: string) => ({ project, file });

it('The files that take longest come first, and the others project by project', () => {
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

it.each(LONGEST)('%s of the table of longest files exists', (file) => {
  expect(existsSync(file)).toBe(true);
});
