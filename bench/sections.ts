import { parseArgs } from 'node:util';
import { SCALES, type Scale } from '../service/bake/plan/size.ts';
import { CONTENDERS, type Contender } from './contenders.ts';
import { BENCH_TAPES, type BenchTape, findTapes, TAPE_NAMES } from './tapes.ts';

/** One comparison of Oven and the plain recipe on the same tapes. */
export interface Section {
  name: string;
  scale: Scale;
  /** Whether all runs on one core. Then only times are measured, since the videos are the same. */
  pin: boolean;
  /** Rounds of each tape. In each round every contender runs once, in turn. */
  runs: number;
  tapes: readonly BenchTape[];
}

/** The run that the command line asks for. */
export interface Plan {
  sections: Section[];
  /** The tapes that are baked with each version of ffmpeg, and in how many rounds. */
  matrix: Pick<Section, 'runs' | 'tapes'>;
  /** The tapes of which each output is measured beside the first, and in how many rounds. */
  outputs: Pick<Section, 'runs' | 'tapes'>;
  /** Whether the run is a complete one, and is written to bench/RESULTS.md. */
  whole: boolean;
  /** Whether results of an earlier, interrupted run are kept. */
  goOn: boolean;
  /** The folder of another checkout of Oven, which is measured too. */
  against: string | undefined;
  /** What is not measured. */
  without: readonly Contender[];
}

/** Tapes for the confirming sections. The plain recipe takes minutes for the other tapes. */
const CONFIRMING: readonly BenchTape[] = ['text', 'paint', 'wire', 'drawing'].flatMap((kind) =>
  findTapes(`${kind}-chromium`),
);
/** Tapes for all versions of ffmpeg: those whose time is the encoder's. */
const MATRIX: readonly BenchTape[] = ['drawing', 'paint', 'plot', 'wire', 'noise'].flatMap((kind) =>
  findTapes(`${kind}-chromium`),
);
const OUTPUTS: readonly BenchTape[] = findTapes('drawing-chromium');
const NONE: Pick<Section, 'runs' | 'tapes'> = { runs: 0, tapes: [] };
const QUICK: readonly BenchTape[] = ['static', 'text', 'paint'].flatMap((kind) =>
  findTapes(`${kind}-stored`),
);
/** With more than three rounds the medians hardly move. The other sections only confirm the first. */
const RUNS = 3;
const CONFIRMING_RUNS = 1;

export const USAGE = `Usage: npm run bench [-- [TAPE…] [OPTIONS]]

Bakes tapes with Oven and by the plain recipe in turn, and compares. With nothing said, all of it is
done in a quarter of an hour, and bench/RESULTS.md is written. Otherwise one section is printed:

  TAPE…           only these: ${TAPE_NAMES.join(', ')}, one such as
                  plot-adaptive, or catalogue/NAME for one of the tests' tapes
  --against DIR   measures the Oven of another checkout too
  --without LIST  leaves out some of plain, floor
  --runs N        rounds of each tape (${RUNS})
  --scale FACTOR  Oven's scale: ${SCALES.join(', ')}
  --pin           everything on one core, and only times
  --ffmpegs       Oven alone, with each version of ffmpeg that a host may have
  --outputs       each output beside the MP4, and how many PNGs are decoded
  --quick         one round of three small tapes
  --continue      keeps what an interrupted run has measured`;

/** Plans the run from the arguments. Throws an error with a message for the user where they are wrong. */
export function planRun(args: readonly string[]): Plan {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      scale: { type: 'string' },
      pin: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      ffmpegs: { type: 'boolean', default: false },
      outputs: { type: 'boolean', default: false },
      continue: { type: 'boolean', default: false },
      against: { type: 'string' },
      without: { type: 'string', default: '' },
    },
  });
  const scale = SCALES.find((known) => String(known) === (values.scale ?? 'auto'));
  if (scale === undefined) throw new Error(`--scale is one of ${SCALES.join(', ')}`);
  const runs = values.runs === undefined ? undefined : Number(values.runs);
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0))
    throw new Error('--runs is a whole number');
  const without = withoutOf(values.without);
  const { pin, quick, against, continue: goOn } = values;
  const rest = { goOn, against, without };
  const tapes = tapesOf(positionals, quick);
  const whole = tapes === BENCH_TAPES && !pin && !quick && values.scale === undefined;
  const named = (usual: readonly BenchTape[]) => ({
    runs: runs ?? RUNS,
    tapes: positionals.length > 0 ? tapes : usual,
  });
  if (values.ffmpegs || values.outputs) {
    const matrix = values.ffmpegs ? named(MATRIX) : NONE;
    const outputs = values.outputs ? named(OUTPUTS) : NONE;
    return { sections: [], matrix, outputs, whole: false, ...rest };
  }
  if (whole) {
    const more = { matrix: named(MATRIX), outputs: named(OUTPUTS) };
    return { sections: wholeRun(runs), ...more, whole: without.length === 0, ...rest };
  }
  const name = [`Scale ${scale}`, ...(pin ? ['one core'] : [])].join(', ');
  return {
    sections: [{ name, scale, pin, runs: runs ?? (quick ? 1 : RUNS), tapes }],
    matrix: NONE,
    outputs: NONE,
    whole: false,
    ...rest,
  };
}

function withoutOf(list: string): Contender[] {
  return list
    .split(',')
    .filter((name) => name !== '')
    .map((name) => {
      const found = CONTENDERS.find((one) => one === name);
      if (found !== 'plain' && found !== 'floor') throw new Error('--without has plain, floor or both');
      return found;
    });
}

function tapesOf(names: readonly string[], quick: boolean): readonly BenchTape[] {
  if (names.length > 0) return [...new Set(names.flatMap(findTapes))];
  return quick ? QUICK : BENCH_TAPES;
}

function wholeRun(asked: number | undefined): Section[] {
  const runs = asked ?? RUNS;
  const confirming = asked ?? CONFIRMING_RUNS;
  return [
    { name: 'As it comes', scale: 'auto', pin: false, runs, tapes: BENCH_TAPES },
    { name: 'Scale 4', scale: 4, pin: false, runs: confirming, tapes: CONFIRMING },
    { name: 'Pinned to one core', scale: 'auto', pin: true, runs: confirming, tapes: CONFIRMING },
  ];
}
