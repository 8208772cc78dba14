import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../service/bake/limits.ts';
import { classifyEntries } from '../../../service/bake/open/contents.ts';
import type { BakeCode } from '../../../service/errors.ts';

const frames = (count: number, name: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => name(n));
const recorded = (folder = '', first = 0) =>
  frames(3, (n) => `${folder}frame-${String(n + first).padStart(5, '0')}.png`);
const beside = (folder = '') =>
  ['timing.json', 'metadata.json', 'soundtrack.wav'].map((name) => folder + name);

/** The names of the parts, and the codes of the warnings. */
function told(names: readonly string[]) {
  const { parts, warnings, frameValues, areTimes } = classifyEntries(names, DEFAULT_LIMITS);
  const of = (isFrame: boolean) =>
    parts.filter(({ kind }) => (kind === 'frame') === isFrame).map(({ index }) => names[index]);
  expect(parts.flatMap(({ frame }) => frame ?? [])).toEqual([...frameValues.keys()]);
  return { frames: of(true), others: of(false), areTimes, warnings: warnings.map(({ code }) => code) };
}

const mac = (folder: string) =>
  [...recorded(folder), ...beside(folder)].map((name) => `__MACOSX/${name.replace(/([^/]+)$/, '._$1')}`);

describe('folders and strays', () => {
  it.each<[string, string[], string, string[]]>([
    ['as the recorder writes it', [], '', []],
    ['a folder, as Explorer zips', [], 'tape/', []],
    ['a folder with an entry of its own, as zip -r does', ['tape/'], 'tape/', []],
    ['a folder within a folder', ['a/', 'a/b/'], 'a/b/', []],
    ['31 folders', [], 'a/'.repeat(31), []],
    ['./ before each', ['./'], './', []],
    ['backslashes, as old .NET writes', ['tape\\'], 'tape\\', []],
    ['two slashes', [], 'tape//', []],
    ['a folder in CP437', [], 'b\u0081nder/', []],
    ['a folder named like a frame', ['frame-00000.png/'], 'frame-00000.png/', []],
    ['a folder with dots in its name', [], '2025.01.02..03/', []],
    [
      'by Finder',
      ['tape/', 'tape/.DS_Store', ...mac('tape/'), '__MACOSX/._tape'],
      'tape/',
      ['ENTRIES_IGNORED'],
    ],
    ['._ beside each', ['._frame-00000.png', '._timing.json', '._frame-00001.png'], '', ['ENTRIES_IGNORED']],
    [
      'Thumbs.db and others',
      ['Thumbs.db', 'desktop.ini', 'ehthumbs.db', '.gitkeep'],
      '',
      ['ENTRIES_IGNORED'],
    ],
    ['a Mac folder with an icon', ['tape/Icon\r'], 'tape/', ['ENTRIES_IGNORED']],
    ['a README and a cover', ['README.md', 'cover.png', 'thumbnail.jpg'], '', ['ENTRIES_IGNORED']],
    ['by jar', ['META-INF/', 'META-INF/MANIFEST.MF'], 'tape/', ['ENTRIES_IGNORED']],
    ['copies', ['frame-00000 (1).png', 'frame-00001 copy.png', 'timing (1).json'], '', ['ENTRIES_IGNORED']],
    ['frames in a hidden folder', ['.Trash/frame-00000.png'], '', ['ENTRIES_IGNORED']],
    [
      'thumbnails of a NAS',
      ['tape/@eaDir/frame-00000.png/SYNOPHOTO_THUMB_M.png'],
      'tape/',
      ['ENTRIES_IGNORED'],
    ],
    ["another folder's timing.json", ['old/timing.json'], 'tape/', ['ENTRIES_IGNORED']],
    ['names of objects', ['__proto__', 'constructor'], '', ['ENTRIES_IGNORED']],
  ])('The tape is found in a ZIP: %s', (_, others, folder, warnings) => {
    const tape = [...recorded(folder), ...beside(folder)];
    const expected = { frames: recorded(folder), others: beside(folder), areTimes: false, warnings };
    expect(told([...others, ...tape])).toEqual(expected);
    expect(told([...tape.toReversed(), ...others])).toEqual(expected);
  });

  it('The only timing, metadata or sound is found in another folder than the frames', () => {
    const names = [...recorded('tape/frames/'), 'tape/timing.json', 'audio/soundtrack.wav'];
    expect(told(names)).toMatchObject({ others: ['tape/timing.json', 'audio/soundtrack.wav'], warnings: [] });
    expect(told([...names, 'timing.json'])).toMatchObject({
      others: ['audio/soundtrack.wav'],
      warnings: ['ENTRIES_IGNORED'],
    });
  });

  it('The warning of strays names the first ones safely, and counts all', () => {
    const { warnings } = classifyEntries(
      [...recorded(), 'a\x1b[31m', ...frames(9, (n) => `${n}.txt`)],
      DEFAULT_LIMITS,
    );
    expect(warnings[0]!.message).toBe(
      '10 entries are no part of a tape and ignored: "a\\u{1b}[31m", "0.txt", "1.txt" …',
    );
  });
});

describe('names of frames', () => {
  it.each<[string, string[], string[]]>([
    ['upper case', frames(3, (n) => `FRAME-0000${n}.PNG`), []],
    ['from 1', recorded('', 1), ['FRAMES_RENUMBERED']],
    ['from 100', recorded('', 100), ['FRAMES_RENUMBERED']],
    ['four digits', frames(3, (n) => `frame-000${n}.png`), []],
    ['ten digits', frames(3, (n) => `frame-000000000${n}.png`), []],
    ['no leading zeros, beyond 9 and 99', frames(111, (n) => `frame-${n}.png`), []],
    ['an underscore', frames(12, (n) => `frame_${String(n).padStart(4, '0')}.png`), []],
    ['nothing between', frames(12, (n) => `Frame${n}.Png`), []],
    ['digits that grow', frames(1200, (n) => `frame-${String(n).padStart(3, '0')}.png`), []],
  ])('Frames are in the order of the numbers in their names: %s', (_, names, warnings) => {
    expect(told(names.toSorted())).toEqual({ frames: names, others: [], areTimes: false, warnings });
  });

  it.each<[string, number[]]>([
    ['milliseconds since 1970', [1_700_000_000_000, 1_700_000_000_017, 1_700_000_000_033]],
    ['with fractions', [1_700_000_000_000.25, 1_700_000_000_016.9, 1_700_000_000_033.5]],
    ['since the page was opened, with fractions', [9987.3, 10_004, 10_020.7]],
    ['since the recording began', [0, 17, 33, 50]],
    ['of one frame', [1_700_000_000_000]],
  ])('Numbers in the names of frames are read as times: %s', (_, times) => {
    const names = times.map((time) => `frame_${time}.png`);
    expect(told(names.toSorted())).toEqual({ frames: names, others: [], areTimes: true, warnings: [] });
  });
});

it.each<[BakeCode, string, string[]]>([
  ['FRAME_MISSING', 'a hole', ['frame-00000.png', 'frame-00002.png']],
  ['FRAME_MISSING', 'a hole in numbers from 1', ['frame-1.png', 'frame-2.png', 'frame-4.png']],
  ['FRAME_MISSING', 'a large hole', ['frame-00000.png', 'frame-09000.png']],
  ['TAPE_NO_FRAMES', 'strays alone', ['README', '__MACOSX/frame-00000.png', '.x/frame-00000.png', 'a/']],
  ['TAPE_NO_FRAMES', 'nothing', []],
  ['TAPE_AMBIGUOUS', 'two folders', [...recorded('a/'), ...recorded('b/')]],
  ['TAPE_AMBIGUOUS', 'a folder and none', [...recorded(), 'backup/frame-00000.png']],
  [
    'TAPE_AMBIGUOUS',
    'two folders of one letter that is no UTF-8',
    [...recorded('\x81/'), ...recorded('\x82/')],
  ],
  ['ENTRY_DUPLICATE', 'one frame twice', [...recorded(), 'frame-00001.png']],
  ['ENTRY_DUPLICATE', 'one frame by two names', [...recorded(), 'frame_2.png']],
  ['ENTRY_DUPLICATE', 'one frame by two paths', [...recorded('tape/'), 'tape\\frame-00001.png']],
  ['ENTRY_DUPLICATE', 'two timing.json', [...recorded(), 'timing.json', 'TIMING.json']],
  ['ENTRY_NAME', 'a stray in 32 folders', [...recorded(), `${'a/'.repeat(32)}x`]],
  ['ENTRY_NAME', 'a stray that leads out', [...recorded(), '__MACOSX/../../x']],
  ['TAPE_TOO_MANY_FRAMES', 'one frame too many', frames(4001, (n) => `frame-${n}.png`)],
])('Names of a tape are refused with %s: %s', (code, _, names) => {
  expect(() => classifyEntries(names, DEFAULT_LIMITS)).toThrow(expect.objectContaining({ code }));
});
