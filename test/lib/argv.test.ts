import { expect, it } from 'vitest';
import { argv } from '../../service/lib/argv.ts';

it.each<[string, string[], string[]]>([
  ['one line', argv`-v error -y`, ['-v', 'error', '-y']],
  [
    'several lines',
    argv`
      -v error

      -y
    `,
    ['-v', 'error', '-y'],
  ],
  ['nothing', argv``, []],
  [
    'a value with spaces and quotes',
    argv`-i ${`my "tape's" folder/a.mp4`}`,
    ['-i', `my "tape's" folder/a.mp4`],
  ],
  ['a value as a part of an argument', argv`pipe:${3} 1/${60}s`, ['pipe:3', '1/60s']],
  ['two values without a space', argv`${4}x${'3 '}`, ['4x3 ']],
  ['an empty value', argv`-metadata ${''} -y`, ['-metadata', '', '-y']],
  ['an array', argv`-a ${['-b', 'c d']} -e`, ['-a', '-b', 'c d', '-e']],
  ['an empty array', argv`-a ${[]} -e`, ['-a', '-e']],
  ['an array without spaces around it', argv`a${['b', '']}c`, ['a', 'b', '', 'c']],
  ['a backslash', argv`select=eq(n\\,2)`, ['select=eq(n\\,2)']],
])('argv gives the arguments of %s', (_, args, expected) => {
  expect(args).toEqual(expected);
});
