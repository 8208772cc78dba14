import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HOST, UNIT } from './projects.ts';

test.each([...UNIT, ...HOST])('%s names files that there are', (pattern) => {
  expect(globSync(pattern)).not.toEqual([]);
});

test('no file belongs to two projects', () => {
  const host = globSync(HOST);
  expect(globSync(UNIT).filter((file) => host.includes(file))).toEqual([]);
});
