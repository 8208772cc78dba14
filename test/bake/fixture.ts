import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import type { BakeOptions } from '../../service/bake/options.ts';
import type { OutputKind, OutputRequest } from '../../service/bake/outputs.ts';
import type { BakeReport } from '../../service/bake/report.ts';
import { type Colour, createCanvas, fillRect } from '../tapes/canvas.ts';
import { composeTape, type TapeParts } from '../tapes/compose.ts';
import { makeTape, type TapeFacts, type TapeSpec } from '../tapes/make.ts';
import { encodePng } from '../tapes/png.ts';
import { makeTiming } from '../tapes/timing.ts';

/** Enlarges by 2, so that small tapes stay small videos. */
export const DOUBLED: readonly OutputRequest[] = [{ kind: 'mp4', scale: 2 }];

/**
 * Folders of one test: a tape, its outputs, and a TEMP_DIR, which must be empty after each test, whether it passed or failed.
 */
export function useBakeFixture() {
  let root = '';
  const path = (...names: string[]) => join(root, ...names);
  const tape = () => path('tape.zip');
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'oven-test-'));
    await mkdir(path('temp'));
  });
  afterEach(async () => {
    const left = await readdir(path('temp'));
    await rm(root, { recursive: true, force: true });
    expect(left).toEqual([]);
  });
  return {
    path,
    make: (spec: TapeSpec): Promise<TapeFacts> => makeTape(tape(), spec),
    compose: (parts: TapeParts): Promise<void> => composeTape(tape(), parts),
    bake: (options: Partial<BakeOptions> = {}): Promise<BakeReport> =>
      bake(tape(), { outDir: path('out'), name: 'it', tempDir: path('temp'), outputs: DOUBLED, ...options }),
    /** The files in the output folder; none if there is no such folder. */
    served: (): Promise<string[]> => readdir(path('out')).catch(() => []),
  };
}

/** The path of the output of a kind. */
export function pathOf(report: BakeReport, kind: OutputKind): string {
  return report.outputs.find((output) => output.kind === kind)!.path;
}

export function codesOf({ warnings }: BakeReport): string[] {
  return warnings.map(({ code }) => code);
}

/** A frame of vertical bars of equal width. */
export function bars(width: number, height: number, colours: readonly Colour[]): Promise<Buffer> {
  const canvas = createCanvas(width, height);
  const step = Math.ceil(width / colours.length);
  for (const [n, colour] of colours.entries()) fillRect(canvas, n * step, 0, step, height, colour);
  return encodePng(canvas.pixels, width, height);
}

/** The entries of a tape without sound: frames with their durations, in ms. */
export function timed(frames: readonly Buffer[], durations: readonly number[]): TapeParts {
  return { frames, timing: makeTiming(durations) };
}

/** The right start of each picture, in seconds, and the end: a picture begins at each frame that differs from the one before. */
export function changes(frames: readonly Buffer[], durations: readonly number[]): number[] {
  const times: number[] = [];
  let total = 0;
  for (const [n, duration] of durations.entries()) {
    if (n === 0 || !frames[n]!.equals(frames[n - 1]!)) times.push(total / 1000);
    total += duration;
  }
  return [...times, total / 1000];
}
