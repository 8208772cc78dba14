import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderEnvironment } from '../../infra/release/environment.ts';
import { check, has } from '../host/tool.ts';

describe('environment file', () => {
  it('The environment file is sorted and quoted, and leaves out undefined values', () => {
    expect(renderEnvironment({ B: 'two words', A: '', C: undefined, A_1: '"\\$`' })).toBe(
      'A=""\nA_1="\\"\\\\\\$\\`"\nB="two words"\n',
    );
  });

  it.each([
    ['a name with a line end', { 'A\nB': 'x' }, /name of a variable: "A\\nB"/],
    ['a name that begins with a digit', { '1A': 'x' }, /name/],
    ['a zero byte', { A: 'hush\0' }, /^A: /],
    ['a carriage return', { A: 'hush\r\n' }, /^A: /],
    ['half a character', { A: 'hush\ud800' }, /^A: /],
    ['a code point that is no character', { A: 'hush\ufdd0' }, /^A: /],
    ['another one', { A: 'hush\u{1ffff}' }, /^A: /],
  ])('The environment file is refused for %s, without the value in the message', (_what, values, message) => {
    expect(() => renderEnvironment(values)).toThrow(message);
    expect(() => renderEnvironment(values)).not.toThrow(/hush/);
  });
});

// os-release is read by the parser that reads environment files, and systemd-tmpfiles writes what it found there into a file.
describe.skipIf(!has('systemd-tmpfiles'))("systemd's own parser (skipped without systemd)", () => {
  const root = mkdtempSync(join(tmpdir(), 'oven-env-'));
  beforeAll(() => {
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'rules.conf'), 'f+ /read 0644 - - - %W\n');
  });
  afterAll(() => rmSync(root, { recursive: true }));

  function readBack(value: string): string {
    const lines = renderEnvironment({ VARIANT_ID: value, BEFORE: 'x"', ID: 'y\\' });
    writeFileSync(join(root, 'etc/os-release'), lines);
    const { code, text } = check('systemd-tmpfiles', [
      `--root=${root}`,
      '--create',
      join(root, 'rules.conf'),
    ]);
    expect(text).toBe('');
    expect(code).toBe(0);
    return readFileSync(join(root, 'read'), 'utf8');
  }

  it.each([
    'plain',
    ' spaces around ',
    'a#b;c',
    `$HOME $\{HOME} %n`,
    '"quoted"',
    "it's",
    '\\',
    '\\n',
    '\\\n',
    'two\nlines\n',
    'ümläut 🍞',
    '`x`',
    '=',
    '\t',
  ])('systemd reads the value %j back', (value) => expect(readBack(value)).toBe(value));

  it('systemd reads any value back', () => {
    const awkward = fc.string({ unit: fc.constantFrom(...'"\'\\$`#;= \t\na%é🍞') });
    const any = fc
      .string({ unit: 'binary' })
      .filter((text) => text.isWellFormed() && !/(?![\t\n])\p{Cc}|\p{Noncharacter_Code_Point}/u.test(text));
    fc.assert(
      fc.property(
        fc.oneof(awkward, any).filter((text) => text !== ''),
        (value) => readBack(value) === value,
      ),
      { numRuns: 150 },
    );
  });
});
