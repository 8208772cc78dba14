import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ovenCommand, plainCommand, videoOf } from './contenders.ts';
import { measureFidelity } from './fidelity.ts';
import { prepareFloor } from './floor.ts';
import { type Command, pinned, type Times, timeCommand } from './measure.ts';
import { sampleMemory } from './memory.ts';
import { probeVideo } from './probe.ts';
import type { Quality, TapeResult } from './results.ts';
import type { Section } from './sections.ts';
import { type Source, unpackSource } from './source.ts';
import { measureTiming } from './timing.ts';

/** A tape to be measured. */
export interface Subject {
  name: string;
  /** The ZIP. */
  path: string;
  /** Folder for all files. The caller removes it. */
  folder: string;
  /** The quality of the plain recipe from an earlier section, which would be the same again. */
  plainQuality: Quality | undefined;
  /** Another bin/oven.js to measure. */
  oven: string | undefined;
}

/**
 * Measures one tape. First each command bakes it once, untimed, which fills the disk's cache, measures the memory, and gives the videos to
 * compare. The timed rounds follow, in which nothing else runs.
 */
export async function measureTape(subject: Subject, section: Section): Promise<TapeResult> {
  const { name, path, folder } = subject;
  const source = await unpackSource(path, join(folder, 'source'));
  const out = join(folder, 'out');
  const oven = ovenCommand(path, out, section.scale, subject.oven);
  const plain = plainCommand(path, out);
  const make = (command: Command) => bakeAndCompare(command, source, path, out);
  const quality = section.pin
    ? undefined
    : { oven: await make(oven), plain: subject.plainQuality ?? (await make(plain)) };
  // A floor is for Oven's own choice of scale only. At another scale it may be huge.
  const floor = section.scale === 'auto' ? await prepareFloor(source, section.scale, folder) : undefined;
  const times = await runRounds({ oven, plain, floor }, section, out);
  return { tape: name, frames: source.frames, uniqueFrames: source.runs.length, times, quality };
}

async function bakeAndCompare(command: Command, source: Source, tape: string, out: string): Promise<Quality> {
  await makeEmpty(out);
  const { rssMiB, pssMiB } = await sampleMemory(command);
  const video = await probeVideo(videoOf(tape, out));
  const { bytes, width, height } = video;
  const timing = await measureTiming(source, video);
  return { ...(await measureFidelity(source, video)), bytes, width, height, timing, rssMiB, pssMiB };
}

async function runRounds(
  commands: Record<'oven' | 'plain', Command> & { floor: Command | undefined },
  { runs, pin }: Section,
  out: string,
): Promise<TapeResult['times']> {
  const times: Record<'oven' | 'plain' | 'floor', Times[]> = { oven: [], plain: [], floor: [] };
  for (let round = 0; round < runs; round++) {
    for (const contender of ['oven', 'plain', 'floor'] as const) {
      const command = commands[contender];
      if (!command) continue;
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
