import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { BAKE_WARNINGS } from '../../service/bake/errors.ts';
import { ERRORS, FAILURE_CODES } from '../../service/errors.ts';

it('docs/tape.md names every error code and warning of a tape, and no other', async () => {
  const page = await readFile(new URL('../../docs/tape.md', import.meta.url), 'utf8');
  const families = '(?:TAPE|NOT_A|ZIP|ENTRY|ENTRIES|FRAME|FRAMES|TIMING|SOUND|SCALE)';
  const named = [...page.matchAll(new RegExp(`\`(${families}_[A-Z0-9_]+)\``, 'g'))].map(([, code]) => code);
  const faults = FAILURE_CODES.filter((code) => ERRORS[code].fault === 'tape');
  expect([...new Set(named)].toSorted()).toEqual([...faults, ...BAKE_WARNINGS].toSorted());
  for (const warning of BAKE_WARNINGS.filter((code) => !code.startsWith('SOUND'))) {
    expect(page, warning).toMatch(new RegExp(`warning \`${warning}\``));
  }
});
