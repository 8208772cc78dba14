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
const plain = quality({ psnr: 35, bytes: 1500, timing: { video: 115, end: -109, sound: 0.3 } });

const rounds = (seconds: number) =>
  [1, 0.9, 1.5].map((by) => ({ seconds: seconds * by, cpuSeconds: 2 * seconds * by }));

function tape(name: string, oven: number, change: Partial<Quality> = {}): TapeResult {
  return {
    tape: name,
    kind: name,
    png: 'canvas',
    frames: 473,
    uniqueFrames: 36,
    width: 337,
    times: { oven: rounds(oven), against: [], plain: rounds(12), floor: rounds(1) },
    quality: { oven: quality(change), plain },
  };
}

it('The summary of rounds has their medians', () => {
  const { oven, plain, floor, ovenCpu, ratio, pairwise, allowed } = summarise(tape('a', 2));
  expect({ oven, plain, floor, ovenCpu, ratio, pairwise }).toEqual({
    oven: 2,
    plain: 12,
    floor: 1,
    ovenCpu: 4,
    ratio: 6,
    pairwise: 6,
  });
  expect(allowed).toBeCloseTo(1.6);
});

describe('the targets', () => {
  it('A tape that is good in everything holds all targets', () => {
    const verdicts = judge([tape('good', 1)]);
    expect(verdicts).toHaveLength(9);
    expect(verdicts.filter(({ held }) => !held)).toEqual([]);
  });

  it.each<[string, number, Partial<Quality>, RegExp]>([
    ['slow', 4, {}, /no tape less/],
    ['above the floor', 1.7, {}, /floor/],
    ['unlike', 1, { psnr: 40.9 }, /PSNR/],
    ['large', 1, { bytes: 1501 }, /bytes/],
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

  it.each([
    ['CPU', 1.26, 1, true],
    ['CPU', 1.24, 1, false],
  ])(
    'The target for %s compares with the other checkout in the mean: %d of %d is %s',
    (_, other, own, held) => {
      const one = tape('a', own);
      one.times.against = rounds(other);
      const [verdict] = judge([one]).filter(({ target }) => target.startsWith('CPU'));
      expect(verdict).toMatchObject({ held });
    },
  );

  it('The target for bytes in the mean is missed by tapes that each hold their own', () => {
    const [verdict] = judge([tape('a', 1, { bytes: 1400 })]).filter(({ target }) =>
      /in the mean/.test(target),
    );
    expect(verdict).toMatchObject({ measured: '0.93', held: false });
  });

  it.each([
    ['the same', 'crf=24', true],
    ['other', 'crf=21', false],
  ])('Tapes with the same pixels are to have the same settings: %s', (_, settings, held) => {
    const one = { ...tape('a-chromium', 1, { settings: 'crf=24' }), kind: 'a' };
    const two = { ...tape('a-stored', 1, { settings }), kind: 'a' };
    const [verdict] = judge([one, two, tape('b', 1)]).filter(({ target }) => /same settings/.test(target));
    expect(verdict).toMatchObject({ held, measured: held ? 'every kind' : 'a' });
  });

  it('Likeness has no target for a video of the size of its tape', () => {
    const unlike = tape('a', 1, { psnr: 27 });
    const names = (result: TapeResult) =>
      judge([result])
        .filter(({ held }) => !held)
        .map(({ target }) => target.slice(0, 4));
    expect(names(unlike)).toEqual(['PSNR']);
    expect(names({ ...unlike, width: 674 })).toEqual([]);
  });

  it('Without the plain recipe there is no verdict on ratios', () => {
    const alone = { ...tape('a', 1), quality: undefined };
    alone.times = { ...alone.times, plain: [] };
    expect(judge([alone]).map(({ target }) => target)).toEqual(['total time at most 1.3 × floor + 0.3 s']);
  });

  it('The target for scale 4 is the mean ratio', () => {
    const results = [tape('a', 24), tape('b', 1.5)];
    expect(meanRatio(results)).toBeCloseTo(2);
    expect(judgeScale4(results)).toEqual([
      { target: 'geometric mean at least 1.2×', measured: '2.00×', held: true },
    ]);
  });
});

describe('the report', () => {
  const [section] = planRun(['text']).sections;

  it('The report has a line for each tape, and names the tapes that miss a target', () => {
    const text = renderSection({ section: section!, results: [tape('prompt', 4), tape('still', 0.1)] });
    expect(text).toMatch(/^\| prompt +\| +473 \| +36 \| +4\.00 \| +12\.00 \| +3\.00× \|/m);
    expect(text).toContain('**missed**: no tape less than 3.5× faster (prompt 3.00×)');
    expect(text).toMatch(/46\.0 \(44\.0\)/);
  });

  it('The report compares with another checkout only where that was measured', () => {
    const withOther = { ...tape('prompt', 1), times: { ...tape('prompt', 1).times, against: rounds(1.25) } };
    const text = renderSection({ section: section!, results: [withOther] });
    expect(text).toMatch(/other s \| other CPU s \| CPU ratio \|/);
    expect(text).toMatch(/1\.25 \| +2\.50 \| +0\.80 \|$/m);
    expect(renderSection({ section: section!, results: [tape('prompt', 1)] })).not.toContain('other');
  });

  it('The report has the means of each encoder of PNG', () => {
    const results = [
      { ...tape('a-chromium', 1), png: 'chromium' },
      { ...tape('b-chromium', 4), png: 'chromium' },
      { ...tape('a-stored', 2), png: 'stored' },
    ];
    const text = renderSection({ section: section!, results });
    expect(text).toMatch(/^\| chromium +\| +6\.00× \| +3\.00× \|/m);
    expect(text).toMatch(/^\| stored +\| +6\.00× \| +6\.00× \|/m);
  });

  it('The report leaves out missing measurements', () => {
    const timesOnly = { ...tape('prompt', 1), quality: undefined };
    const text = renderSection({ section: { ...section!, pin: true }, results: [timesOnly] });
    expect(text).not.toMatch(/PSNR|Targets|undefined|NaN/);
    expect(renderLine({ ...timesOnly, times: { ...timesOnly.times, floor: [] } })).toBe(
      'prompt: 1.00 s (CPU 2.00), plain 12.00 s (12.0×), floor – s',
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
    [['--quick'], 1, 'auto', ['static-stored', 'text-stored', 'paint-stored']],
    [['noise-stored', '--runs', '5'], 5, 'auto', ['noise-stored']],
    [['wire', 'wire-stored'], 3, 'auto', ['wire-chromium', 'wire-adaptive', 'wire-stored']],
    [['catalogue/still', '--scale', '4', '--pin'], 3, 4, ['still']],
  ])('The command line %o is one section, and is not written', (args, runs, scale, tapes) => {
    const { sections, whole } = planRun(args);
    expect(whole).toBe(false);
    expect(sections).toHaveLength(1);
    expect(sections[0]).toMatchObject({ runs, scale });
    expect(sections[0]!.tapes.map(({ name }) => name)).toEqual(tapes);
  });

  it.each([
    [['--scale', '3'], /--scale is one of auto, 1/],
    [['--runs', '0'], /--runs/],
    [['nothing'], /no tape named nothing/],
    [['--without', 'oven'], /--without/],
    [['--nothing'], /nothing/],
  ])('The command line %o is refused', (args, message) => {
    expect(() => planRun(args)).toThrow(message);
  });
});
