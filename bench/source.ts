import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Open } from 'unzipper';
import { frameName } from '../test/tapes/timing.ts';

/** An unpacked tape for comparison: the frames and their times. */
export interface Source {
  /** Folder with frame-%05d.png and, with sound, soundtrack.wav. */
  folder: string;
  frames: number;
  /** The start of each frame, and the end of the last one, in ms. */
  starts: number[];
  /** The frames that differ from the one before, and the first. */
  runs: number[];
  width: number;
  height: number;
  hasSound: boolean;
}

/** Unpacks a tape without Oven's code, to compare both bakes with it. */
export async function unpackSource(tape: string, folder: string): Promise<Source> {
  await mkdir(folder, { recursive: true });
  const zip = await Open.file(tape);
  const runs: number[] = [];
  let starts: number[] = [];
  let frames = 0;
  let last: Buffer | undefined;
  for (const file of zip.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const bytes = await file.buffer();
    await writeFile(join(folder, file.path), bytes);
    if (file.path === 'timing.json') starts = startsOf(JSON.parse(bytes.toString('utf8')));
    if (!file.path.endsWith('.png')) continue;
    if (!last?.equals(bytes)) runs.push(frames);
    last = bytes;
    frames++;
  }
  if (!last || starts.length !== frames + 1) throw new Error(`${tape} has no frames or not a time for each`);
  const hasSound = zip.files.some(({ path }) => path === 'soundtrack.wav');
  // The size is at the same place in every PNG.
  return {
    folder,
    frames,
    starts,
    runs,
    width: last.readUInt32BE(16),
    height: last.readUInt32BE(20),
    hasSound,
  };
}

function startsOf(timing: readonly { duration: number }[]): number[] {
  const starts = [0];
  for (const { duration } of timing) starts.push(starts.at(-1)! + duration);
  return starts;
}

/** Makes a folder with links to frames of the source, named frame-%05d.png in the order given, which ffmpeg reads. */
export async function linkFrames(source: Source, shown: readonly number[], folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await Promise.all(
    shown.map((frame, n) => symlink(join(source.folder, frameName(frame)), join(folder, frameName(n)))),
  );
  return join(folder, 'frame-%05d.png');
}

/** The most pictures that a video may have beyond the different ones: Oven repeats some within their own time. */
const MOST_REPEATS = 3;
/** Milliseconds by which a picture may begin early. */
const EARLY = 1;

/**
 * The frame of the source that each picture of a video shows, by the number of pictures, which begin at `shownAt` (ms): one for each
 * frame, or one for each run of equal frames, or some more, which repeat one of these by their times. Throws for any other number.
 */
export function picturesShown(
  shownAt: readonly number[],
  { frames, runs, starts }: Pick<Source, 'frames' | 'runs' | 'starts'>,
): number[] {
  const pictures = shownAt.length;
  if (pictures === frames) return Array.from({ length: frames }, (_, frame) => frame);
  if (pictures === runs.length) return [...runs];
  if (pictures < runs.length || pictures > runs.length + MOST_REPEATS) {
    throw new Error(
      `a video of ${pictures} pictures is neither ${frames} frames nor ${runs.length} that differ`,
    );
  }
  return shownAt.map((time) => runs.findLast((frame) => starts[frame]! <= time + EARLY) ?? 0);
}
