import { parseArgs } from 'node:util';
import { SCALES, type Scale } from '../service/bake/plan/size.ts';
import { catalogue, type TapeName } from '../test/tapes/catalogue.ts';

/** One comparison of Oven and the plain recipe on the same tapes. */
export interface Section {
  name: string;
  scale: Scale;
  /** Whether all runs on one core. Then only times are measured, since the videos are the same. */
  pin: boolean;
  /** Rounds of each tape. In each round Oven, the plain recipe and the floor run once, in turn. */
  runs: number;
  tapes: readonly TapeName[];
}

/** The run that the command line asks for. */
export interface Plan {
  sections: Section[];
  /** Whether the run is a complete one, and is written to bench/RESULTS.md. */
  whole: boolean;
  /** Another bin/oven.js to measure, such as that of an older release. */
  oven: string | undefined;
}

const ALL = Object.keys(catalogue) as TapeName[];
/** One tape of each kind for the confirming sections. The plain recipe takes minutes for the other tapes. */
const EACH_KIND: readonly TapeName[] = ['prompt', 'paint', 'wire', 'sprites'];
const QUICK: readonly TapeName[] = ['still', 'prompt', 'paint'];
/** With more than three rounds the medians hardly move. The other sections only confirm the first. */
const RUNS = 3;
const CONFIRMING_RUNS = 1;

export const USAGE = `Usage: npm run bench [-- [TAPE…] [--runs N] [--scale FACTOR] [--pin] [--quick] [--oven FILE]]

Bakes tapes with Oven and by the plain recipe in turn, and compares. With nothing said, all of it is
done, which takes a while, and bench/RESULTS.md is written. Otherwise one section is printed:

  TAPE…           only these: ${ALL.join(', ')}
  --runs N        rounds of each tape (${RUNS})
  --scale FACTOR  Oven's scale: ${SCALES.join(', ')}
  --pin           everything on one core, and only times
  --quick         one round of three small tapes
  --oven FILE     another bin/oven.js to measure`;

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
      oven: { type: 'string' },
    },
  });
  const scale = SCALES.find((known) => String(known) === (values.scale ?? 'auto'));
  if (scale === undefined) throw new Error(`--scale is one of ${SCALES.join(', ')}`);
  const runs = values.runs === undefined ? undefined : Number(values.runs);
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0))
    throw new Error('--runs is a whole number');
  const { pin, quick, oven } = values;
  const tapes = tapesOf(positionals, quick);
  const whole = tapes === ALL && !pin && !quick && values.scale === undefined;
  if (whole) return { sections: wholeRun(runs), whole: oven === undefined, oven };
  const name = [`scale ${scale}`, ...(pin ? ['one core'] : [])].join(', ');
  return { sections: [{ name, scale, pin, runs: runs ?? (quick ? 1 : RUNS), tapes }], whole: false, oven };
}

function tapesOf(names: readonly string[], quick: boolean): readonly TapeName[] {
  const unknown = names.filter((name) => !(ALL as string[]).includes(name));
  if (unknown.length > 0) throw new Error(`no tape named ${unknown.join(', ')}`);
  if (names.length > 0) return names as TapeName[];
  return quick ? QUICK : ALL;
}

function wholeRun(asked: number | undefined): Section[] {
  const runs = asked ?? RUNS;
  const confirming = asked ?? CONFIRMING_RUNS;
  return [
    { name: 'As it comes', scale: 'auto', pin: false, runs, tapes: ALL },
    { name: 'Scale 4', scale: 4, pin: false, runs: confirming, tapes: EACH_KIND },
    { name: 'Pinned to one core', scale: 'auto', pin: true, runs: confirming, tapes: EACH_KIND },
  ];
}
