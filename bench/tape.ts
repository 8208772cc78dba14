import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CONTENDERS, type Contender, ovenCommand, plainCommand, videoOf } from './contenders.ts';
import { recordEncoderRuns, settingsOf } from './encoder-runs.ts';
import { measureFidelity } from './fidelity.ts';
import { prepareFloor } from './floor.ts';
import { type Command, pinned, type Times, timeCommand } from './measure.ts';
import { sampleMemory } from './memory.ts';
import { probeVideo } from './probe.ts';
import type { Quality, TapeResult } from './results.ts';
import type { Section } from './sections.ts';
import { type Source, unpackSource } from './source.ts';
import type { BenchTape } from './tapes.ts';
import { measureTiming } from './timing.ts';

/** A tape to be measured. */
export interface Subject {
  tape: BenchTape;
  /** The ZIP. */
  path: string;
  /** Folder for all files. The caller removes it. */
  folder: string;
  /** The quality of the plain recipe for the same pixels, from an earlier tape or section, which would be the same again. */
  plainQuality: Quality | undefined;
  /** The folder of another checkout of Oven. */
  against: string | undefined;
  /** What is not measured. */
  without: readonly Contender[];
}

type Commands = Readonly<Record<Contender, Command | undefined>>;

/**
 * Measures one tape. First each command bakes it once, untimed, which fills the disk's cache, measures the memory, and gives the videos to
 * compare. The timed rounds follow, in which nothing else runs.
 */
export async function measureTape(subject: Subject, section: Section): Promise<TapeResult> {
  const { tape, path, folder, against, without } = subject;
  const source = await unpackSource(path, join(folder, 'source'));
  const out = join(folder, 'out');
  const wanted = (contender: Contender) => !without.includes(contender);
  const oven = ovenCommand(path, out, section.scale);
  const plain = wanted('plain') ? plainCommand(path, out) : undefined;
  const runs = await recordEncoderRuns(folder);
  const make = (command: Command) => bakeAndCompare(command, source, path, out, { PATH: runs.path });
  const first = await make(oven);
  const settings = settingsOf(await runs.read());
  const compared = section.pin ? undefined : { ...first, ...(settings && { settings: settings.chosen }) };
  const plainQuality = compared && plain && (subject.plainQuality ?? (await make(plain)));
  // A floor is for Oven's own choice of scale only. At another scale it may be huge.
  const withFloor = wanted('floor') && section.scale === 'auto' && settings !== undefined;
  const floor = withFloor ? await prepareFloor(source, first, settings, folder) : undefined;
  const other = against === undefined ? undefined : ovenCommand(path, out, section.scale, against);
  return {
    tape: tape.name,
    kind: tape.kind,
    png: tape.spec.png ?? 'canvas',
    frames: source.frames,
    uniqueFrames: source.runs.length,
    width: source.width,
    times: await runRounds({ oven, plain, floor, against: other }, section, out),
    quality: compared && plainQuality && { oven: compared, plain: plainQuality },
  };
}

async function bakeAndCompare(
  command: Command,
  source: Source,
  tape: string,
  out: string,
  env: Readonly<Record<string, string>>,
): Promise<Quality> {
  await makeEmpty(out);
  const { rssMiB, pssMiB } = await sampleMemory(command, env);
  const video = await probeVideo(videoOf(tape, out));
  const { bytes, width, height } = video;
  const timing = await measureTiming(source, video);
  return { ...(await measureFidelity(source, video)), bytes, width, height, timing, rssMiB, pssMiB };
}

/** Seconds of the plain recipe that are enough for its median. It takes most of the time, and varies least. */
const PLAIN_SECONDS = 5;

async function runRounds(
  commands: Commands,
  { runs, pin }: Section,
  out: string,
): Promise<TapeResult['times']> {
  const times: Record<Contender, Times[]> = { oven: [], against: [], plain: [], floor: [] };
  const isEnough = (contender: Contender) =>
    contender === 'plain' && times.plain.reduce((sum, { seconds }) => sum + seconds, 0) > PLAIN_SECONDS;
  for (let round = 0; round < runs; round++) {
    for (const contender of CONTENDERS) {
      const command = commands[contender];
      if (!command || isEnough(contender)) continue;
      await makeEmpty(out);
      times[contender].push(await timeCommand(pin ? pinned(command) : command));
    }
  }
  return times;
}

async function makeEmpty(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
}
