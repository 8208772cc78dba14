import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FFMPEG_VERSIONS, findFfmpeg } from '../test/rig/ffmpegs.ts';
import { ovenCommand } from './contenders.ts';
import { type Times, timeCommand } from './measure.ts';
import { geometricMean, median } from './statistics.ts';
import { renderTable, show } from './table.ts';
import { type Verdict, verdictLine } from './targets.ts';

/** Production's version, and how much slower than the fastest one it may be. */
const PRODUCTION = '6.1.1';
const SLOWER = 1.05;

/** A tape baked by Oven with each version of ffmpeg. */
export interface MatrixResult {
  readonly tape: string;
  /** By version, an entry for each round. */
  readonly times: Readonly<Record<string, Times[]>>;
}

/** Each version of ffmpeg that a host may have and that can be found, with the PATH on which it comes first. */
export async function ffmpegPaths(): Promise<{ version: string; path: string }[]> {
  const found = await Promise.all(
    FFMPEG_VERSIONS.map(async (one) => ({ version: one.version, ...(await findFfmpeg(one)) })),
  );
  return found.flatMap((one) => {
    if (!('program' in one)) return [];
    const { version, program } = one;
    const path = program.includes('/') ? `${dirname(program)}:${process.env.PATH}` : `${process.env.PATH}`;
    return [{ version, path }];
  });
}

/** Bakes a tape with each version in turn, in `rounds` rounds after an untimed one. `folder` is for the videos. */
export async function measureMatrix(
  { name, path }: { name: string; path: string },
  rounds: number,
  folder: string,
): Promise<MatrixResult> {
  const versions = await ffmpegPaths();
  const times: Record<string, Times[]> = Object.fromEntries(versions.map(({ version }) => [version, []]));
  const out = join(folder, 'out');
  for (let round = 0; round <= rounds; round++) {
    for (const { version, path: PATH } of versions) {
      await rm(out, { recursive: true, force: true });
      await mkdir(out);
      const taken = await timeCommand(ovenCommand(path, out, 'auto'), { PATH });
      if (round > 0) times[version]!.push(taken);
    }
  }
  return { tape: name, times };
}

/** The table of all tapes, and whether production's version holds its target. */
export function renderMatrix(results: readonly MatrixResult[]): string {
  const versions = Object.keys(results[0]?.times ?? {});
  const middle = (result: MatrixResult, version: string, of: (times: Times) => number) =>
    median(result.times[version]!.map(of));
  const seconds = ({ seconds }: Times) => seconds;
  const cpu = ({ cpuSeconds }: Times) => cpuSeconds;
  const head = ['tape', ...versions.flatMap((version) => [`${version} s`, 'CPU s'])];
  const rows = results.map((result) => [
    result.tape,
    ...versions.flatMap((version) => [
      show(middle(result, version, seconds), 2),
      show(middle(result, version, cpu), 2),
    ]),
  ]);
  const means = new Map(
    versions.map((version) => [
      version,
      geometricMean(results.map((result) => middle(result, version, seconds))),
    ]),
  );
  const mean = [
    'geometric mean',
    ...versions.flatMap((version) => [
      show(means.get(version), 2),
      show(geometricMean(results.map((result) => middle(result, version, cpu))), 2),
    ]),
  ];
  return ['## Versions of ffmpeg', renderTable(head, [...rows, mean]), ...judgeMatrix(means)].join('\n\n');
}

function judgeMatrix(means: ReadonlyMap<string, number>): string[] {
  const production = means.get(PRODUCTION);
  if (production === undefined) return [];
  const best = Math.min(...means.values());
  const verdict: Verdict = {
    target: `${PRODUCTION} within ${((SLOWER - 1) * 100).toFixed(0)} % of the fastest version in the mean`,
    measured: `${((production / best - 1) * 100).toFixed(1)} %`,
    held: production <= SLOWER * best,
  };
  return [verdictLine(verdict)];
}
