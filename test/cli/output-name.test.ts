import { expect, test } from 'vitest';
import { outputName } from '../../bin/output-name.ts';

test.each([
  ['tape.zip', 'tape'],
  ['folder/tape.ZIP', 'tape'],
  ['tape', 'tape'],
  ['tape.zip.zip', 'tape.zip'],
  ['2025.01.02.03.04.05.678.zip', '2025.01.02.03.04.05.678'],
  ['.zip', 'tape'],
  [`${'a'.repeat(245)}.zip`, 'a'.repeat(245)],
])('%s becomes %s', (tape, name) => expect(outputName(tape)).toBe(name));

test.each(['a', 'ü', '語', '🎞'])(
  'a name of 251 × %s leaves room for the endings, and is still its own',
  (character) => {
    const name = outputName(`${character.repeat(251)}.zip`);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(245);
    expect(Buffer.byteLength(name)).toBeGreaterThan(240);
    expect(name).not.toContain('\uFFFD');
    expect(outputName(`${character.repeat(252)}.zip`)).not.toBe(name);
  },
);
