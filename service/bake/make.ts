import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runAllOrStop } from '../lib/run-all.ts';
import { loadMediabunny } from './container/mp4.ts';
import { type Content, contentOf, readPairs } from './encode/content.ts';
import { withIdleCores } from './encode/cores.ts';
import { PiecesDiffer } from './encode/encode-pictures.ts';
import { encodeVideo } from './encode/encode-video.ts';
import { MAX_PIECES } from './encode/pieces.ts';
import { planSound, planVideo, type VideoPlan } from './encode/plan-video.ts';
import { isLarge } from './encode/x264.ts';
import type { BakeWarning } from './errors.ts';
import type { Pictures } from './frames/pictures.ts';
import {
  type AnimationPlan,
  makeAnimation,
  makePages,
  makeStill,
  planAnimation,
} from './images/make-images.ts';
import type { ImageProcess } from './images/process.ts';
import type { Tape } from './open/tape.ts';
import type { ResolvedOptions } from './options.ts';
import {
  hasForm,
  KIND_OPTIONS,
  type KindOf,
  OUTPUTS,
  type OutputRequest,
  outputFileName,
  sideLimit,
  stillSide,
  type VideoKind,
} from './outputs.ts';
import { planScale } from './plan/size.ts';
import type { OutputReport, Stopwatch } from './report.ts';
import { type UnpackedSound, writeSilence } from './sound/unpack.ts';
import { verifyVideo } from './verify.ts';

/** The progress of the bake at which the first output begins. */
const OUTPUTS_FROM = 0.05;

/** Reports which part of an output is made, 0 to 1, and how many pictures, where they are counted. */
type ReportPart = (part: number, pictures?: number) => void;

/** Makes the outputs of one tape. */
export class OutputMaker {
  readonly #pictures: Pictures;
  readonly #sound: UnpackedSound | undefined;
  readonly #images: ImageProcess;
  readonly #folder: string;
  readonly #options: ResolvedOptions;
  readonly #stopwatch: Stopwatch;
  #content: Promise<Content> | undefined;
  /** By the size of a page. */
  readonly #pages = new Map<string, Promise<readonly string[]>>();

  /** Outputs are made in `folder`, the working folder. */
  constructor(
    pictures: Pictures,
    sound: UnpackedSound | undefined,
    images: ImageProcess,
    folder: string,
    options: ResolvedOptions,
    stopwatch: Stopwatch,
  ) {
    this.#pictures = pictures;
    this.#sound = sound;
    this.#images = images;
    this.#folder = folder;
    this.#options = options;
    this.#stopwatch = stopwatch;
  }

  /**
   * Makes all outputs, and gives them in the order in which they were asked for. Videos and animations are made one after the other,
   * so that the machine's memory holds one encoder. A small still is quick, so it is made beside them.
   */
  async makeAll(): Promise<OutputReport[]> {
    const { outputs, signal } = this.#options;
    // The image process starts while the encoder does.
    if (!outputs.every(({ kind }) => hasForm(kind, 'video'))) this.#images.start();
    // A video decodes every picture. Without one, damage would stay unseen.
    if (!outputs.some(({ kind }) => hasForm(kind, 'video'))) await this.#pictures.verify(signal);
    const beside = outputs.filter((request) => this.#isSmallStill(request));
    const inTurn = outputs.filter((request) => !beside.includes(request));
    const made = await runAllOrStop(signal, (signal) => [
      this.#makeInTurn(inTurn, signal),
      this.#makeInTurn(beside, signal),
    ]);
    for (const files of this.#pages.values()) for (const file of await files) await rm(file, { force: true });
    return outputs.map(({ kind }) => made.flat().find((output) => output.kind === kind)!);
  }

  /** Whether neither the frames nor the output are large: an image process that holds a large picture takes half of a bake's memory. */
  #isSmallStill({ kind, format = 'jpeg', maxSide }: OutputRequest): boolean {
    if (!hasForm(kind, 'still')) return false;
    const { width, height } = this.#pictures;
    return !isLarge(Math.max(width * height, stillSide(kind, format, maxSide) ** 2));
  }

  async #makeInTurn(requests: readonly OutputRequest[], signal: AbortSignal): Promise<OutputReport[]> {
    const made: OutputReport[] = [];
    for (const [turn, request] of requests.entries()) {
      signal.throwIfAborted();
      const report: ReportPart = (part, pictures) =>
        this.#options.onProgress({
          stage: request.kind,
          progress: OUTPUTS_FROM + ((1 - OUTPUTS_FROM) * (turn + part)) / requests.length,
          ...(pictures !== undefined && { pictures }),
        });
      made.push(await this.#make(request, signal, report));
    }
    return made;
  }

  #make(request: OutputRequest, signal: AbortSignal, report: ReportPart): Promise<OutputReport> {
    const { kind } = request;
    const path = join(this.#folder, outputFileName(this.#options.name, kind, request.format));
    if (hasForm(kind, 'video')) return this.#makeVideo(kind, request, path, signal, report);
    if (hasForm(kind, 'animation')) return this.#makeAnimation(kind, request, path, signal, report);
    return this.#makeStill(kind, request, path, signal);
  }

  async #makeVideo(
    kind: VideoKind,
    request: OutputRequest,
    path: string,
    signal: AbortSignal,
    report: ReportPart,
  ): Promise<OutputReport> {
    const content = await this.#lookAtContent(signal);
    const encode = (encoders: number) => {
      const plan = planVideo(kind, this.#pictures, request, { content, encoders });
      return this.#encodeAndVerify(kind, plan, request, path, signal, report);
    };
    return await withIdleCores(this.#options.cores, MAX_PIECES, (cores) =>
      encode(cores).catch((error) => {
        if (error instanceof PiecesDiffer) return encode(1);
        throw error;
      }),
    );
  }

  async #encodeAndVerify(
    kind: VideoKind,
    plan: VideoPlan,
    request: OutputRequest,
    path: string,
    signal: AbortSignal,
    report: ReportPart,
  ): Promise<OutputReport> {
    const { container, geometry, samples } = plan;
    const sound = await this.#soundOf(plan, request);
    const { width, height } = geometry;
    const pictures = this.#pictures.timeline.pictures.length;
    const onSamples = (count: number) => report(count / samples.length, Math.min(count, pictures));
    onSamples(0);
    const run = { ...this.#options, signal };
    const encode = () => encodeVideo(plan, this.#pictures, sound, path, run, onSamples);
    await Promise.all([this.#stopwatch.time(kind, encode), preloadMediabunny()]);
    const expected = { container, samples, geometry, soundSeconds: sound?.plan.seconds };
    const verify = () => verifyVideo(path, expected, signal);
    return { kind, path, width, height, bytes: await this.#stopwatch.time('verify', verify) };
  }

  /** The content of the pictures, for which they are looked at once. */
  #lookAtContent(signal: AbortSignal): Promise<Content> {
    const { timeline } = this.#pictures;
    this.#content ??= readPairs(timeline.pictures.length, (picture) =>
      this.#pictures.readUnchecked(picture, signal),
    )
      .then(contentOf)
      // The encoding reads all pictures in order, and says which is the first with a fault.
      .catch(() => 'flat' as const);
    return this.#content;
  }

  /** The sound of a video. Sites refuse videos without a sound track, so a share video has one in any case, unless the request wants none. */
  async #soundOf(plan: VideoPlan, { silence = KIND_OPTIONS.share.silence }: OutputRequest) {
    const wanted = plan.constantRate && silence && this.#sound === undefined;
    const sound = wanted ? await writeSilence(this.#folder) : this.#sound;
    return sound && { sound, plan: planSound(plan, sound, silence) };
  }

  async #makeAnimation(
    kind: KindOf<'animation'>,
    { scale, maxSide }: OutputRequest,
    path: string,
    signal: AbortSignal,
    report: ReportPart,
  ): Promise<OutputReport> {
    report(0);
    const plan = planAnimation(this.#pictures, scale, sideLimit(kind, maxSide));
    const { width, height } = plan.size;
    const { codec } = OUTPUTS[kind];
    const make = async () =>
      makeAnimation(codec, plan, await this.#pagesOf(plan, path, signal), this.#images, path, signal);
    return { kind, path, width, height, bytes: await this.#stopwatch.time(kind, make) };
  }

  /** The files of an animation's pages. Animations of one size share them, since each picture takes longer to scale than to encode. */
  #pagesOf(plan: AnimationPlan, path: string, signal: AbortSignal): Promise<readonly string[]> {
    const size = `${plan.size.width}×${plan.size.height}`;
    const pages = this.#pages.get(size) ?? makePages(plan, this.#pictures, this.#images, path, signal);
    this.#pages.set(size, pages);
    return pages;
  }

  async #makeStill(
    kind: KindOf<'still'>,
    { maxSide, at = 'middle', format = 'jpeg' }: OutputRequest,
    path: string,
    signal: AbortSignal,
  ): Promise<OutputReport> {
    const { codec } = OUTPUTS[kind].formats[format];
    const plan = { at, codec, side: stillSide(kind, format, maxSide) };
    const make = () => makeStill(plan, this.#pictures, this.#images, path, signal);
    const made = await this.#stopwatch.time(kind, make);
    // It keeps some of its memory, and starts again when it is needed.
    if (!this.#isSmallStill({ kind, format, maxSide })) await this.#images.stop();
    return { kind, format, path, ...made };
  }
}

/** Loads mediabunny while the encoder starts, when this process would be idle. */
async function preloadMediabunny(): Promise<void> {
  loadMediabunny();
}

/** Warns of outputs that are enlarged less than was asked for. */
export function scaleWarnings({ width, height }: Tape, outputs: readonly OutputRequest[]): BakeWarning[] {
  return outputs.flatMap(({ kind, scale = 'auto', maxSide }) => {
    if (hasForm(kind, 'still')) return [];
    const maxPixels = hasForm(kind, 'video') ? OUTPUTS[kind].maxPixels : undefined;
    const { reduced, factor } = planScale(width, height, scale, maxSide, maxPixels);
    if (!reduced) return [];
    const message = `The ${kind} is enlarged ${factor} times instead of ${scale}: it would be too large to make or to play.`;
    return [{ code: 'SCALE_REDUCED' as const, message }];
  });
}
