import { globSync } from 'node:fs';
import { expect, it } from 'vitest';
import { HOST, UNIT } from './projects.ts';

it.each([...UNIT, ...HOST])('%s of the table of projects names files that exist', (pattern) => {
  expect(globSync(pattern)).not.toEqual([]);
});

it('No test file belongs to two projects', () => {
  const host = globSync(HOST);
  expect(globSync(UNIT).filter((file) => host.includes(file))).toEqual([]);
});
