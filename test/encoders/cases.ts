import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bake } from '../../service/bake/bake.ts';
import { BakeError } from '../../service/bake/errors.ts';
import { ffmpegMatrix } from '../rig/ffmpegs.ts';
import { type Case, GIVEN, givenFolder } from './given.ts';
import { judgeVideo } from './judge.ts';
import { readTruth } from './truth.ts';

const KINDS = ['mp4', 'webm'] as const;

/** Bakes a tape with the program `ffmpeg`, has `decoder` judge the video, and gives the faults; none where everything is right. */
export async function judgeCase(
  path: string,
  { durations, refused, sound }: Case,
  { ffmpeg, decoder, folder }: { ffmpeg: string; decoder: string; folder: string },
): Promise<string[]> {
  const faults: string[] = [];
  for (const kind of KINDS) {
    const how = { outDir: join(folder, kind), name: 'it', tempDir: folder, ffmpeg, outputs: [{ kind }] };
    const report = await bake(path, how).catch((error: unknown) => error as Error);
    if (report instanceof Error) {
      const code = report instanceof BakeError ? report.code : `not a BakeError: ${report.message}`;
      if (!refused?.includes(code)) faults.push(`${kind}: ${code}`);
      continue;
    }
    if (durations === undefined) {
      faults.push(`${kind}: not refused`);
      continue;
    }
    const made = report.outputs[0]!.path;
    const right = { durations, sound };
    const wrong = await judgeVideo(made, await readTruth(path), right, { ffmpeg: decoder });
    faults.push(...wrong.map((fault) => `${kind}: ${fault}`));
  }
  return faults;
}

/** `node test/encoders/cases.ts [--only TEXT] [--ffmpeg VERSION]` prints the table: a row for each tape, a column for each version. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, ffmpeg: { type: 'string' } },
  });
  const folder = givenFolder();
  if (folder === undefined) throw new Error('the tapes are not there: OVEN_TEST_CASES may name their folder');
  const there = (await ffmpegMatrix()).filter(({ program }) => program !== undefined);
  const programs = there.filter(({ version }) => version === (values.ffmpeg ?? version));
  const scratch = await mkdtemp(join(tmpdir(), 'oven-cases-'));
  let right = 0;
  let all = 0;
  try {
    process.stdout.write(`${''.padEnd(42)}${programs.map(({ version }) => version.padEnd(8)).join('')}\n`);
    for (const one of GIVEN.filter(({ file }) => file.includes(values.only ?? ''))) {
      const told: string[] = [];
      let row = one.file.padEnd(42);
      for (const { version, program } of programs) {
        const decoder = there.find((other) => other.version !== version)?.program ?? program!;
        const how = { ffmpeg: program!, decoder, folder: scratch };
        const faults = await judgeCase(join(folder, `${one.file}.zip`), one, how);
        all += 1;
        if (faults.length === 0) right += 1;
        row += (faults.length === 0 ? 'right' : 'WRONG').padEnd(8);
        told.push(...faults.map((fault) => `    ${version} ${fault}`));
      }
      process.stdout.write(`${[row, ...told].join('\n')}\n`);
    }
    process.stdout.write(`${right} of ${all} right\n`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  process.exitCode = right === all ? 0 : 1;
}

if (import.meta.main) await main();
