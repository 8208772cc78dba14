import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Open } from 'unzipper';
import { frameName } from '../test/tapes/timing.ts';

/** A tape unpacked for comparing: what should be seen, and when. */
export interface Source {
  /** Folder with frame-%05d.png and, with sound, soundtrack.wav. */
  folder: string;
  frames: number;
  /** When each frame begins, and after the last one when it ends, in ms from the start. */
  starts: number[];
  /** The frames that differ from the one before, the first included: where something begins to be seen. */
  runs: number[];
  /** Bytes of the PNGs of those. */
  runBytes: number;
  width: number;
  height: number;
  hasSound: boolean;
}

/** Unpacks a tape, not by way of Oven's code: the truth that both bakes are compared with. */
export async function unpackSource(tape: string, folder: string): Promise<Source> {
  await mkdir(folder, { recursive: true });
  const zip = await Open.file(tape);
  const runs: number[] = [];
  let starts: number[] = [];
  let frames = 0;
  let runBytes = 0;
  let last: Buffer | undefined;
  for (const file of zip.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const bytes = await file.buffer();
    await writeFile(join(folder, file.path), bytes);
    if (file.path === 'timing.json') starts = startsOf(JSON.parse(bytes.toString('utf8')));
    if (!file.path.endsWith('.png')) continue;
    if (!last?.equals(bytes)) {
      runs.push(frames);
      runBytes += bytes.length;
    }
    last = bytes;
    frames++;
  }
  if (!last || starts.length !== frames + 1) throw new Error(`${tape} has no frames or not a time for each`);
  const hasSound = zip.files.some(({ path }) => path === 'soundtrack.wav');
  // A PNG's size stands at the same place in every one.
  return {
    folder,
    frames,
    starts,
    runs,
    runBytes,
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

/** Makes a folder whose frame-%05d.png are the given frames of the source, as links, for ffmpeg to read in order. */
export async function linkFrames(source: Source, shown: readonly number[], folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await Promise.all(
    shown.map((frame, n) => symlink(join(source.folder, frameName(frame)), join(folder, frameName(n)))),
  );
  return join(folder, 'frame-%05d.png');
}

/** Pictures that a video may have beyond those that differ: Oven repeats some, within their own time. */
const MOST_REPEATS = 3;
/** Milliseconds by which a picture that begins early still counts as the one that it is to be. */
const EARLY = 1;

/**
 * Which frame of the source each picture of a video shows, that begin at `shownAt` (ms), told by how many there are: one for each
 * frame, or one for each run of equal frames; or some more, which by their times repeat one of those. Throws for any other count.
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
