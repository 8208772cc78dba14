import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes down the arguments of each run of ffmpeg. */
export interface EncoderRuns {
  /** The PATH for a command whose runs are written down. */
  readonly path: string;
  /** The arguments of each run so far, in no particular order. */
  readonly read: () => Promise<string[][]>;
}

/** Makes a program named ffmpeg in `folder`, which writes down its arguments and then becomes the real one. */
export async function recordEncoderRuns(folder: string): Promise<EncoderRuns> {
  const [programs, runs] = [join(folder, 'programs'), join(folder, 'encoder-runs')];
  await Promise.all([programs, runs].map((made) => mkdir(made, { recursive: true })));
  // The number of a process is its own as long as it runs, and becomes the name of a file.
  const script = `#!/bin/sh
printf '%s\\0' "$@" >>'${runs}'/$$
PATH='${process.env.PATH}' exec ffmpeg "$@"
`;
  await writeFile(join(programs, 'ffmpeg'), script, { mode: 0o755 });
  const read = async () => {
    const texts = (await readdir(runs)).map((name) => readFile(join(runs, name), 'utf8'));
    return (await Promise.all(texts)).map((text) => text.split('\0').slice(0, -1));
  };
  return { path: `${programs}:${process.env.PATH}`, read };
}

/** The settings with which a video was encoded, for one encoder of all its pictures. */
export interface EncoderSettings {
  /** ffmpeg's arguments for the stream. */
  readonly arguments: readonly string[];
  /** What was chosen by the content: the arguments without the number of threads and what follows from a picture's size or a rate. */
  readonly chosen: string;
}

const THREADS = /(^|:)threads=(\d+)/;

/** Parameters of x264 that say nothing about the choice by content. Pieces of one stream are stitchable. */
const NOT_CHOSEN = /^(threads|stitchable|level|fps|keyint)=/;

/**
 * Finds the settings in the runs of one bake. Where several encoders shared the pictures, they had the same settings, and the threads of
 * all are counted. Undefined where none encoded H.264.
 */
export function settingsOf(runs: readonly (readonly string[])[]): EncoderSettings | undefined {
  const streams = runs.filter((run) => run.includes('libx264')).map(streamArguments);
  const [first] = streams;
  if (first === undefined) return undefined;
  const threads = streams.reduce((sum, stream) => sum + threadsOf(stream), 0);
  const whole = first.map((argument, n) => {
    if (first[n - 1] === '-force_key_frames') return 'expr:1';
    return first[n - 1] === '-x264-params' ? argument.replace(THREADS, `$1threads=${threads}`) : argument;
  });
  const chosen = whole
    .map((argument) =>
      argument
        .split(':')
        .filter((part) => !NOT_CHOSEN.test(part))
        .join(':'),
    )
    .join(' ');
  return { arguments: whole, chosen };
}

/** The arguments from the encoder's name to the tags or the output. */
function streamArguments(run: readonly string[]): readonly string[] {
  const from = run.indexOf('-c:v');
  const to = run.findIndex((argument, n) => n > from && /^-(color_primaries|map_metadata|f)$/.test(argument));
  return run.slice(from, to);
}

function threadsOf(stream: readonly string[]): number {
  return Number(THREADS.exec(stream.join(':'))?.[2] ?? 1);
}
