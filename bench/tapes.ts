import { cachedSpec } from '../test/tapes/cache.ts';
import { catalogue } from '../test/tapes/catalogue.ts';
import type { TapeSpec } from '../test/tapes/make.ts';
import type { PngEncoder } from '../test/tapes/png-encoders.ts';

/** A tape to be measured. */
export interface BenchTape {
  readonly name: string;
  /** Tapes of one kind have the same pixels, times and sound. */
  readonly kind: string;
  readonly spec: TapeSpec;
}

/** Each kind of content, at a size and a length for which the plain recipe takes some seconds. Stored, none exceeds the service's limit of a ZIP. */
const KINDS = {
  drawing: { scene: 'sprites', width: 256, height: 192, seconds: 8.13 },
  paint: { scene: 'paint', width: 337, height: 176, seconds: 8 },
  plot: { scene: 'plot', width: 320, height: 240, seconds: 6, sound: true },
  wire: { scene: 'wire', width: 320, height: 240, seconds: 6 },
  text: { scene: 'prompt', width: 337, height: 160, seconds: 8, sound: true },
  noise: { scene: 'noise', width: 160, height: 120, seconds: 5 },
  static: { scene: 'still', width: 256, height: 144, seconds: 25, sound: true },
  large: { scene: 'sprites', width: 1080, height: 1920, seconds: 0.9, fps: 30, sound: true, seed: 2 },
} as const satisfies Record<string, TapeSpec>;

/** Who compresses the pictures: a real browser, a library that chooses a filter for each row, and one that does not compress. */
const ENCODERS: readonly PngEncoder[] = ['chromium', 'adaptive', 'stored'];

/** The tapes of the whole benchmark: each kind by each encoder of PNG. */
export const BENCH_TAPES: readonly BenchTape[] = Object.entries<TapeSpec>(KINDS).flatMap(([kind, spec]) =>
  ENCODERS.map((png) => ({ name: `${kind}-${png}`, kind, spec: { ...spec, png } })),
);

/** The tapes that the tests know. They are measured only when they are named. */
const CATALOGUE: readonly BenchTape[] = Object.entries<TapeSpec>(catalogue).map(([name, spec]) => ({
  name,
  kind: name,
  spec,
}));

/** The names that `findTapes` knows. */
export const TAPE_NAMES: readonly string[] = [...Object.keys(KINDS), ...ENCODERS];

/**
 * The tapes of a name: those of a kind, those of an encoder, one of these, or `catalogue/NAME`, a tape of test/tapes/catalogue.ts.
 * Throws an error with a message for the user for an unknown name.
 */
export function findTapes(name: string): readonly BenchTape[] {
  const own = BENCH_TAPES.filter(
    (tape) => tape.name === name || tape.kind === name || tape.spec.png === name,
  );
  const known = CATALOGUE.filter((tape) => `catalogue/${tape.name}` === name);
  if (own.length + known.length === 0) throw new Error(`no tape named ${name}`);
  return [...own, ...known];
}

/** The file of a tape below `folder`, made at the first use. */
export async function tapeFile({ name, spec }: BenchTape, folder: string): Promise<string> {
  return (await cachedSpec(name, spec, folder)).path;
}
