import { join } from 'node:path';
import { animationFault } from './animation-fault.ts';
import type { ResolvedOptions } from './bake.ts';
import { contentOf } from './encode/content.ts';
import { encodeVideo } from './encode/video.ts';
import type { BakeWarning } from './errors.ts';
import { feedPictures, pictureBytes, type Showing, verifyFrames } from './feed.ts';
import type { Tape } from './open/tape.ts';
import { type OutputKind, type OutputRequest, outputName } from './outputs.ts';
import { pictureAt, type Schedule } from './plan/pictures.ts';
import { PREVIEW_SIDE, PREVIEW_SIDE_MOST, planPreview } from './plan/preview.ts';
import { planScale } from './plan/scale.ts';
import { makePreview } from './preview.ts';
import { loadDemuxer } from './probe.ts';
import type { OutputReport } from './report.ts';
import type { Stopwatch } from './stages.ts';
import { makeThumbnail } from './thumbnail.ts';
import type { UnpackedSound } from './unpack.ts';
import { verifyVideo } from './verify.ts';

/** Everything that making one output needs. */
interface Making {
  readonly tape: Tape;
  readonly showing: Showing;
  readonly sound: UnpackedSound | undefined;
  readonly folder: string;
  readonly options: ResolvedOptions;
  readonly watch: Stopwatch;
}

/** The part of the bake's progress at which the first output begins. */
const OUTPUTS_FROM = 0.05;

/**
 * Makes the outputs one after the other, so that the machine's memory holds one encoder; only the thumbnail, which is
 * quick and small, is made beside the first of them. Gives what was made, in the working folder, in order.
 */
export async function makeOutputs(making: Making): Promise<OutputReport[]> {
  const { tape, showing, options } = making;
  const { outputs } = options;
  // A video reads every frame; where there is none, damage would stay unseen.
  if (!outputs.some(({ kind }) => isVideo(kind))) await verifyFrames(tape, showing, options.signal);
  const beside = outputs.filter(({ kind }) => kind === 'thumbnail');
  const inTurn = outputs.filter(({ kind }) => kind !== 'thumbnail');
  // One that fails stops the other, and is waited for: nobody may still write to the working folder when it is removed.
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const both = { ...making, options: { ...options, signal } };
  let failure: unknown;
  const results = await Promise.all(
    [inTurn, beside].map((requests) =>
      makeInTurn(requests, both).catch((error) => {
        if (!failed.signal.aborted) failure = error;
        failed.abort();
        return [];
      }),
    ),
  );
  if (failed.signal.aborted) throw failure;
  const made = results.flat();
  return outputs.map(({ kind }) => made.find((output) => output.kind === kind)!);
}

function isVideo(kind: OutputKind): boolean {
  return kind === 'mp4' || kind === 'webm';
}

/** What has to be said about the outputs asked for. */
export function outputWarnings({ width, height }: Tape, outputs: readonly OutputRequest[]): BakeWarning[] {
  return outputs.flatMap(({ kind, scale = 'auto', maxSide }) => {
    const { reduced, factor } = planScale(width, height, scale, maxSide);
    if (!reduced || kind === 'thumbnail') return [];
    const message = `The ${kind} is enlarged ${factor} times instead of ${scale}: it would be too large to play.`;
    return [{ code: 'SCALE_REDUCED' as const, message }];
  });
}

async function makeInTurn(requests: readonly OutputRequest[], making: Making): Promise<OutputReport[]> {
  const made: OutputReport[] = [];
  for (const [turn, request] of requests.entries()) {
    making.options.signal.throwIfAborted();
    const path = join(making.folder, outputName(making.options.name, request.kind));
    const share = (part: number) => OUTPUTS_FROM + ((1 - OUTPUTS_FROM) * (turn + part)) / requests.length;
    made.push(await makers[request.kind](request, path, making, share));
  }
  return made;
}

type Maker = (
  request: OutputRequest,
  path: string,
  making: Making,
  /** Turns the part of this output that is done into progress of the bake; both 0 to 1. */
  share: (part: number) => number,
) => Promise<OutputReport>;

const makers: Readonly<Record<OutputKind, Maker>> = {
  mp4: makeVideo,
  webm: makeVideo,
  gif: makeAnimation,
  webp: makeAnimation,
  thumbnail: async ({ kind, maxSide }, path, { tape, showing: { schedule }, watch }) => {
    const middle = pictureAt(schedule, schedule.end / 2);
    const made = await watch.time('thumbnail', async () =>
      makeThumbnail(await readPicture(tape, schedule, middle), tape, path, maxSide),
    );
    return { kind, path, ...made };
  },
};

/** The PNG of picture `index`. */
function readPicture(tape: Tape, { pictures }: Schedule, index: number): Promise<Buffer> {
  return tape.read(tape.frames[pictures[index]!.frame]!);
}

async function makeVideo(
  { kind, scale = 'auto', maxSide }: OutputRequest,
  path: string,
  { tape, showing, sound, options, watch }: Making,
  share: (part: number) => number,
): Promise<OutputReport> {
  const { schedule } = showing;
  const { pictures, end } = schedule;
  const geometry = planScale(tape.width, tape.height, scale, maxSide);
  const video = kind === 'webm' ? 'webm' : 'mp4';
  const plan = {
    ...({
      kind: video,
      geometry,
      sound,
      alpha: tape.alpha,
      blend: false,
      output: path,
    } as const),
    content: contentOf(pictureBytes(tape, schedule), pictures.length, tape.width * tape.height),
    lastStart: pictures.at(-1)!.start,
    end,
  };
  const onFrames = (count: number) =>
    options.onProgress({
      stage: kind,
      progress: share(Math.min(1, count / pictures.length)),
      pictures: count,
    });
  const feed = () => feedPictures(tape, showing, options.signal);
  onFrames(0);
  const encoding = watch.time(kind, () => encodeVideo(plan, { ...options, onFrames, feed }));
  await Promise.all([encoding, preloadDemuxer()]);
  const expected = { kind: video, schedule, geometry, hasSound: sound !== undefined } as const;
  const bytes = await watch.time('verify', () => verifyVideo(path, expected, options.signal));
  return { kind, path, width: geometry.width, height: geometry.height, bytes };
}

/** The encoder takes a while to start, which would be idle time for this process. */
async function preloadDemuxer(): Promise<void> {
  loadDemuxer();
}

async function makeAnimation(
  { kind, scale = 'auto', maxSide = PREVIEW_SIDE }: OutputRequest,
  path: string,
  { tape, showing: { schedule }, options, watch }: Making,
  share: (part: number) => number,
): Promise<OutputReport> {
  options.onProgress({ stage: kind, progress: share(0) });
  const {
    innerWidth: width,
    innerHeight: height,
    factor,
  } = planScale(tape.width, tape.height, scale, Math.min(maxSide, PREVIEW_SIDE_MOST));
  const animation = kind === 'gif' ? 'gif' : 'webp';
  const bytes = await watch.time(kind, () =>
    makePreview(
      animation,
      (picture) => readPicture(tape, schedule, picture),
      planPreview(schedule),
      { width, height, enlarged: factor >= 1 },
      path,
      options.signal,
    ).catch((cause) => {
      options.signal.throwIfAborted();
      throw animationFault(cause);
    }),
  );
  return { kind, path, width, height, bytes };
}
