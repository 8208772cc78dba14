import { describe, expect, it } from 'vitest';
import { renderLine, renderSection } from '../../bench/report.ts';
import { type Quality, summarise, type TapeResult } from '../../bench/results.ts';
import { planRun } from '../../bench/sections.ts';
import { judge, judgeScale4, meanRatio } from '../../bench/targets.ts';

const quality = (change: Partial<Quality> = {}): Quality => ({
  psnr: 46,
  worstPsnr: 44,
  bytes: 900,
  width: 674,
  height: 320,
  rssMiB: 170,
  pssMiB: 120,
  timing: { video: 0.006, end: 0.002, sound: 0.1 },
  ...change,
});
const plain = quality({ psnr: 35, bytes: 1000, timing: { video: 115, end: -109, sound: 0.3 } });

function tape(name: string, oven: number, change: Partial<Quality> = {}): TapeResult {
  const rounds = (seconds: number) =>
    [1, 0.9, 1.5].map((by) => ({ seconds: seconds * by, cpuSeconds: 2 * seconds * by }));
  return {
    tape: name,
    frames: 473,
    uniqueFrames: 36,
    times: { oven: rounds(oven), plain: rounds(8), floor: rounds(1) },
    quality: { oven: quality(change), plain },
  };
}

it('The summary of rounds has their medians', () => {
  const { oven, plain, floor, ovenCpu, ratio, pairwise, allowed } = summarise(tape('a', 2));
  expect({ oven, plain, floor, ovenCpu, ratio, pairwise }).toEqual({
    oven: 2,
    plain: 8,
    floor: 1,
    ovenCpu: 4,
    ratio: 4,
    pairwise: 4,
  });
  expect(allowed).toBeCloseTo(1.6);
});

describe('the targets', () => {
  it('A tape that is good in everything holds all targets', () => {
    const verdicts = judge([tape('good', 1)]);
    expect(verdicts).toHaveLength(8);
    expect(verdicts.filter(({ held }) => !held)).toEqual([]);
  });

  it.each<[string, number, Partial<Quality>, RegExp]>([
    ['slow', 4, {}, /no tape less/],
    ['above the floor', 1.7, {}, /floor/],
    ['unlike', 1, { psnr: 40.9 }, /PSNR/],
    ['large', 1, { bytes: 1001 }, /bytes/],
    ['hungry', 1, { pssMiB: 257 }, /256 MiB/],
    ['late', 1, { timing: { video: 1.1, end: 0, sound: 0 } }, /picture/],
    ['ended early', 1, { timing: { video: 0, end: -1.1, sound: 0 } }, /picture/],
    ['out of sync', 1, { timing: { video: 0, end: 0, sound: Infinity } }, /sound/],
  ])('A missed target names the tape: %s', (name, seconds, change, target) => {
    const missed = judge([tape('good', 0.1), tape(name, seconds, change)]).filter(({ held }) => !held);
    const named = missed.filter(({ measured }) => measured.includes(name));
    expect(named.map((verdict) => target.test(verdict.target))).toContain(true);
    expect(missed.every(({ measured }) => !measured.includes('good'))).toBe(true);
  });

  it('The target for likeness is held by 6 dB more than the plain recipe, or by 45 dB', () => {
    const held = (oven: number, other: number) => {
      const result = tape('a', 1);
      result.quality = { oven: quality({ psnr: oven }), plain: quality({ psnr: other, bytes: 1000 }) };
      return judge([result]).find(({ target }) => target.startsWith('PSNR'))?.held;
    };
    expect([held(36, 30), held(35.9, 30), held(45.1, 44), held(44.9, 44)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('The target for scale 4 is the mean ratio', () => {
    const results = [tape('a', 16), tape('b', 1)];
    expect(meanRatio(results)).toBeCloseTo(2);
    expect(judgeScale4(results)).toEqual([
      { target: 'geometric mean at least 1.2×', measured: '2.00×', held: true },
    ]);
  });
});

describe('the report', () => {
  const [section] = planRun(['prompt']).sections;

  it('The report has a line for each tape, and names the tapes that miss a target', () => {
    const text = renderSection({ section: section!, results: [tape('prompt', 4), tape('still', 0.1)] });
    expect(text).toMatch(/^\| prompt +\| +473 \| +36 \| +4\.00 \| +8\.00 \| +2\.00× \|/m);
    expect(text).toContain('**missed**: no tape less than 2.5× faster (prompt 2.00×)');
    expect(text).toMatch(/46\.0 \(44\.0\)/);
  });

  it('The report leaves out missing measurements', () => {
    const timesOnly = { ...tape('prompt', 1), quality: undefined };
    const text = renderSection({ section: { ...section!, pin: true }, results: [timesOnly] });
    expect(text).not.toMatch(/PSNR|Targets|undefined|NaN/);
    expect(renderLine({ ...timesOnly, times: { ...timesOnly.times, floor: [] } })).toBe(
      'prompt: 1.00 s, plain 8.00 s (8.0×), floor – s',
    );
  });
});

describe('the command line', () => {
  it('The command line without arguments is the whole run in three sections', () => {
    const { sections, whole } = planRun([]);
    expect(whole).toBe(true);
    expect(sections.map(({ scale, pin }) => [scale, pin])).toEqual([
      ['auto', false],
      [4, false],
      ['auto', true],
    ]);
  });

  it.each([
    [['--quick'], { runs: 1, tapes: ['still', 'prompt', 'paint'] }],
    [['noise', 'wire', '--runs', '5'], { runs: 5, tapes: ['noise', 'wire'], scale: 'auto' }],
    [['--scale', '4', '--pin', 'still'], { scale: 4, pin: true, name: 'scale 4, one core' }],
  ])('The command line %o is one section, and is not written', (args, expected) => {
    const { sections, whole } = planRun(args);
    expect(whole).toBe(false);
    expect(sections).toHaveLength(1);
    expect(sections[0]).toMatchObject(expected);
  });

  it.each([
    [['--scale', '3'], /--scale is one of auto, 1/],
    [['--runs', '0'], /--runs/],
    [['nothing'], /no tape named nothing/],
    [['--nothing'], /nothing/],
  ])('The command line %o is refused', (args, message) => {
    expect(() => planRun(args)).toThrow(message);
  });
});
