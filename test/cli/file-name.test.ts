import { expect, it } from 'vitest';
import { fileNameOf } from '../../bin/file-name.ts';

it.each([
  ['tape.zip', 'tape'],
  ['folder/tape.ZIP', 'tape'],
  ['tape', 'tape'],
  ['tape.zip.zip', 'tape.zip'],
  ['2025.01.02.03.04.05.678.zip', '2025.01.02.03.04.05.678'],
  ['.zip', 'tape'],
  [`${'a'.repeat(244)}.zip`, 'a'.repeat(244)],
])('The outputs of %s have the file name %s', (tape, name) => expect(fileNameOf(tape)).toBe(name));

it.each(['a', 'ü', '語', '🎞'])(
  'A file name of 251 × %s is cut to leave room for the endings, and stays unlike others',
  (character) => {
    const name = fileNameOf(`${character.repeat(251)}.zip`);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(244);
    expect(Buffer.byteLength(name)).toBeGreaterThan(240);
    expect(name).not.toContain('\uFFFD');
    expect(fileNameOf(`${character.repeat(252)}.zip`)).not.toBe(name);
  },
);
