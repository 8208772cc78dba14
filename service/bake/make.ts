import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadMediabunny } from './container/mp4.ts';
import type { VideoKind } from './encode/command.ts';
import { encodeVideo } from './encode/video.ts';
import { contentOf, endsInOrder, gainsByReordering } from './encode/x264.ts';
import type { BakeWarning } from './errors.ts';
import type { Assumptions } from './frames/assumptions.ts';
import { type FrameTimeline, feedPictures, pictureBytes, verifyFrames } from './frames/feed.ts';
import { Frames } from './frames/frames.ts';
import { ImageProcess } from './images/process.ts';
import type { Tape } from './open/tape.ts';
import type { ResolvedOptions } from './options.ts';
import { type OutputKind, type OutputRequest, outputName } from './outputs.ts';
import { type Geometry, planScale } from './plan/size.ts';
import {
  PREVIEW_SIDE,
  PREVIEW_SIDE_MOST,
  peakRate,
  pictureAt,
  planPreview,
  planReorderedSamples,
  planSamples,
  type Schedule,
  TICKS_PER_MS,
} from './plan/timeline.ts';
import type { OutputReport, Stopwatch } from './report.ts';
import type { UnpackedSound } from './sound/unpack.ts';
import { diskFull } from './temp-folder.ts';
import { verifyVideo } from './verify.ts';

/** Everything that making the outputs needs. */
interface BakeContext {
  readonly tape: Tape;
  readonly assumptions: Assumptions;
  readonly schedule: Schedule;
  readonly sound: UnpackedSound | undefined;
  readonly folder: string;
  readonly options: ResolvedOptions;
  readonly watch: Stopwatch;
}

/** Everything that making one output needs. */
interface OutputContext extends BakeContext {
  readonly showing: FrameTimeline;
  readonly images: ImageProcess;
}

/** Pixels of a thumbnail's longer side, unless asked otherwise. */
const THUMBNAIL_SIDE = 512;

/** Ticks of the container's clock: an MP4 has that of the schedule, a WebM counts in milliseconds. */
const TICKS_PER_UNIT = { mp4: 1, webm: TICKS_PER_MS } as const;

/** Pictures below which B-frames gain nothing. */
const MIN_PICTURES_FOR_B_FRAMES = 8;

/** The part of the bake's progress at which the first output begins. */
const OUTPUTS_FROM = 0.05;

/**
 * Makes the outputs one after the other, so that the machine's memory holds one encoder; only the thumbnail, which is
 * quick and small, is made beside the first of them. Gives what was made, in the working folder, in order.
 */
export async function makeOutputs(order: BakeContext): Promise<OutputReport[]> {
  const { tape, assumptions, schedule, options } = order;
  // One that fails stops the other, and is waited for: nobody may still write to the working folder when it is removed.
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const images = new ImageProcess({ ...options, signal });
  const frames = new Frames(tape, assumptions.alpha, images);
  const showing = { schedule, frames, repeats: assumptions.repeats };
  try {
    return await makeAll({ ...order, showing, images, options: { ...options, signal } }, failed);
  } finally {
    await images.stop();
  }
}

async function makeAll(making: OutputContext, failed: AbortController): Promise<OutputReport[]> {
  const { tape, showing, images, options } = making;
  const { outputs } = options;
  // It starts while the encoder does.
  if (!outputs.every(({ kind }) => isVideo(kind))) images.start();
  // A video decodes every picture; where there is none, damage would stay unseen.
  if (!outputs.some(({ kind }) => isVideo(kind))) await verifyFrames(tape, showing, options.signal);
  const beside = outputs.filter(({ kind }) => kind === 'thumbnail');
  const inTurn = outputs.filter(({ kind }) => kind !== 'thumbnail');
  let failure: unknown;
  const results = await Promise.all(
    [inTurn, beside].map((requests) =>
      makeInTurn(requests, making).catch((error) => {
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

async function makeInTurn(
  requests: readonly OutputRequest[],
  making: OutputContext,
): Promise<OutputReport[]> {
  const made: OutputReport[] = [];
  for (const [turn, request] of requests.entries()) {
    making.options.signal.throwIfAborted();
    const path = join(making.folder, outputName(making.options.name, request.kind));
    const share = (part: number) => OUTPUTS_FROM + ((1 - OUTPUTS_FROM) * (turn + part)) / requests.length;
    made.push(await MAKERS[request.kind](request, path, making, share));
  }
  return made;
}

type Maker = (
  request: OutputRequest,
  path: string,
  making: OutputContext,
  /** Turns the part of this output that is done into progress of the bake; both 0 to 1. */
  share: (part: number) => number,
) => Promise<OutputReport>;

const MAKERS: Readonly<Record<OutputKind, Maker>> = {
  mp4: makeVideo,
  webm: makeVideo,
  gif: makeAnimation,
  webp: makeAnimation,
  thumbnail: makeThumbnail,
};

/** Picture `index` as an ordinary PNG. */
async function readPicture({ schedule, frames }: FrameTimeline, index: number): Promise<Buffer> {
  return await frames.picture(await frames.read(schedule.pictures[index]!.frame));
}

async function makeThumbnail(
  { kind, maxSide = THUMBNAIL_SIDE }: OutputRequest,
  path: string,
  { tape, schedule, showing, images, watch }: OutputContext,
): Promise<OutputReport> {
  return await watch.time('thumbnail', async () => {
    const png = await readPicture(showing, pictureAt(schedule, schedule.end / 2));
    const frame = { width: tape.width, height: tape.height };
    const { jpeg, ...size } = await images.request({ ask: 'thumbnail', png, frame, side: maxSide });
    await writeFile(path, jpeg).catch((cause) => {
      throw diskFull(cause) ?? cause;
    });
    return { kind, path, ...size, bytes: jpeg.length };
  });
}

async function makeVideo(
  { kind, scale = 'auto', maxSide }: OutputRequest,
  path: string,
  { tape, schedule, showing, sound, options, watch }: OutputContext,
  share: (part: number) => number,
): Promise<OutputReport> {
  const geometry = planScale(tape.width, tape.height, scale, maxSide);
  const video = kind === 'webm' ? 'webm' : 'mp4';
  const pictures = planPictures(video, tape, schedule, geometry);
  const onSamples = (count: number) =>
    options.onProgress({
      stage: kind,
      progress: share(count / pictures.samples.length),
      pictures: Math.min(count, schedule.pictures.length),
    });
  const feed = () => feedPictures(tape, showing, pictures.samples, options.signal);
  onSamples(0);
  const plan = { ...pictures, alpha: showing.frames.alpha, blend: false, sound, output: path };
  const encoding = watch.time(kind, () => encodeVideo(plan, { ...options, onSamples, feed }));
  await Promise.all([encoding, preloadMediabunny()]);
  const { samples } = pictures;
  const expected = { kind: video, samples, geometry, soundSeconds: sound?.seconds } as const;
  const bytes = await watch.time('verify', () => verifyVideo(path, expected, options.signal));
  return { kind, path, width: geometry.width, height: geometry.height, bytes };
}

/** What is encoded, and what kind of stream it becomes. */
function planPictures(kind: VideoKind, tape: Tape, schedule: Schedule, geometry: Geometry) {
  const { pictures } = schedule;
  const content = contentOf(pictureBytes(tape, schedule), pictures.length, tape.width * tape.height);
  const gains =
    kind === 'mp4' &&
    pictures.length >= MIN_PICTURES_FOR_B_FRAMES &&
    gainsByReordering(content, geometry.width * geometry.height);
  const reordered = gains ? planReorderedSamples(schedule, endsInOrder) : undefined;
  const samples = reordered ?? planSamples(schedule, TICKS_PER_UNIT[kind]);
  const reorder = reordered !== undefined;
  const last = samples.findIndex(({ picture }) => picture === samples.at(-1)!.picture);
  return { kind, geometry, content, samples, reorder, peakRate: peakRate(samples), repeatsFrom: last + 1 };
}

/** The encoder takes a while to start, which would be idle time for this process. */
async function preloadMediabunny(): Promise<void> {
  loadMediabunny();
}

async function makeAnimation(
  { kind, scale = 'auto', maxSide = PREVIEW_SIDE }: OutputRequest,
  path: string,
  { tape, schedule, showing, images, options, watch }: OutputContext,
  share: (part: number) => number,
): Promise<OutputReport> {
  options.onProgress({ stage: kind, progress: share(0) });
  const side = Math.min(maxSide, PREVIEW_SIDE_MOST);
  const { innerWidth: width, innerHeight: height, factor } = planScale(tape.width, tape.height, scale, side);
  const size = { width, height, enlarged: factor >= 1 };
  const pages = planPreview(schedule);
  const bytes = await watch.time(kind, async () => {
    for (const { picture } of pages) {
      await images.request({ ask: 'page', png: await readPicture(showing, picture), size });
    }
    const animation = kind === 'gif' ? 'gif' : 'webp';
    const delays = pages.map(({ delay }) => delay);
    return await images.request({ ask: 'animation', kind: animation, delays, output: path });
  });
  return { kind, path, width, height, bytes };
}
