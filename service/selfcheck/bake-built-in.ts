/** Bakes the built-in tapes and checks the outputs, for the candidate and the self-check. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bake } from '../bake/bake.ts';
import { BakeError } from '../bake/errors.ts';
import { DEFAULT_LIMITS } from '../bake/limits.ts';
import type { BakeOptions } from '../bake/options.ts';
import type { OutputRequest } from '../bake/outputs.ts';
import type { BakeReport } from '../bake/report.ts';
import { withTempFolder } from '../bake/temp-folder.ts';
import { probeVideo } from '../bake/verify.ts';
import type { Config } from '../config/config.ts';
import { type BuiltInTape, irregularTape, movingTape } from './built-in-tape.ts';

type How = Pick<BakeOptions, 'signal' | 'niceness' | 'ffmpeg'>;

/** Seconds by which a video's end may be off: WebM counts in milliseconds. */
const END_TOLERANCE = 0.0011;
/** The highest H.264 level for the irregular tape, times ten: it needs less, and phones play more. */
const MAX_LEVEL = 21;

/**
 * Bakes the built-in tapes, and checks more than each bake does: that every track shows something up to its end, and that the
 * video asks no player for more than it needs. Throws a BakeError as a rule.
 */
export async function bakeBuiltInTapes({ tempDir, limits, scale }: Config, how: How = {}): Promise<void> {
  const large: OutputRequest[] = [{ kind: 'mp4', scale }, { kind: 'thumbnail' }];
  await bakeBuiltIn(movingTape(), tempDir, { limits, outputs: large, ...how });
  const small: OutputRequest[] = [
    { kind: 'mp4', scale: 2 },
    { kind: 'webm', scale: 2 },
  ];
  await bakeBuiltIn(
    irregularTape(),
    tempDir,
    { limits: DEFAULT_LIMITS, outputs: small, ...how },
    inspectOutputs,
  );
}

async function bakeBuiltIn(
  { zip, seconds }: BuiltInTape,
  tempDir: string,
  options: Partial<BakeOptions>,
  inspect: (report: BakeReport) => Promise<void> = async () => {},
): Promise<void> {
  await withTempFolder(tempDir, `selfcheck-${randomUUID()}`, async (folder) => {
    const path = join(folder, 'tape.zip');
    await writeFile(path, zip);
    const outDir = join(folder, 'out');
    const report = await bake(path, { outDir, name: 'selfcheck', workFolder: folder, ...options });
    const [warning] = report.warnings;
    if (warning) throw wrong(`the bake warned: ${warning.code}`);
    if (Math.abs(report.duration - seconds) > END_TOLERANCE) throw wrong(`it takes ${report.duration} s`);
    await inspect(report);
  });
}

async function inspectOutputs({ outputs, duration }: BakeReport): Promise<void> {
  for (const { kind, path } of outputs) {
    const fault = videoFault(await probeVideo(path), duration);
    if (fault) throw wrong(`the ${kind} ${fault}`);
  }
}

/** What is wrong with a video of the irregular tape, which is `seconds` long; undefined if nothing is. */
export function videoFault(
  { tracks }: Pick<Awaited<ReturnType<typeof probeVideo>>, 'tracks'>,
  seconds: number,
): string | undefined {
  const [{ samples, profile } = { samples: [], profile: '' }] = tracks;
  const end = Math.max(0, ...samples.map(({ start, duration }) => start + duration));
  if (Math.abs(end - seconds) > END_TOLERANCE) return `ends at ${end} s instead of ${seconds}`;
  const [, level] = /^avc1\.[0-9a-f]{4}([0-9a-f]{2})$/i.exec(profile) ?? [];
  if (level && Number.parseInt(level, 16) > MAX_LEVEL) return `is ${profile}, a level higher than it needs`;
  return undefined;
}

function wrong(fault: string): BakeError {
  return new BakeError('VERIFY_FAILED', `A built-in tape came out wrong: ${fault}.`);
}
