import type { Pictures } from '../frames/pictures.ts';
import type { AnimationCodec, Moment, StillCodec } from '../outputs.ts';
import { planScale, type Scale } from '../plan/size.ts';
import { pictureAt, TICKS_PER_MS, TICKS_PER_SECOND, type Timeline } from '../plan/timeline.ts';
import type { ImageProcess, PageSize, Size } from './process.ts';

/** A still as it is to be made. */
export interface StillPlan {
  readonly at: Moment;
  readonly codec: StillCodec;
  /** Pixels of the longer side. */
  readonly side: number;
}

/** A finished still. `thumbHash` is a picture of about 25 bytes in Base64, to be shown while the still loads (the format ThumbHash). */
export interface StillReport extends Size {
  readonly bytes: number;
  readonly thumbHash: string;
}

/** Writes one picture of the tape at `path`. Throws what `Pictures.read` and the image process throw. */
export async function makeStill(
  { at, codec, side }: StillPlan,
  pictures: Pictures,
  images: ImageProcess,
  path: string,
  signal: AbortSignal,
): Promise<StillReport> {
  const { width, height, timeline } = pictures;
  const png = await pictures.read(pictureAt(timeline, ticksAt(timeline, at)), signal);
  const frame = { width, height };
  return await images.request({ ask: 'still', png, frame, side, codec, output: path }, signal);
}

/** Ticks from the start of the video to a moment. A moment after the end shows the last picture, as players do. Pure. */
export function ticksAt({ end }: Pick<Timeline, 'end'>, at: Moment): number {
  if (at === 'first') return 0;
  if (at === 'middle') return end / 2;
  return at === 'last' ? end : at * TICKS_PER_SECOND;
}

/** Seconds of the tape that an animation shows at most. */
export const ANIMATION_SECONDS = 6;
/**
 * Milliseconds between two pages of an animation. GIF counts in hundredths of a second, and browsers slow down a page that is
 * shown for less than 20 ms.
 */
export const ANIMATION_STEP_MS = 40;

/** A picture of an animation. */
export interface Page {
  /** Number of the picture in the timeline, from 0. */
  readonly picture: number;
  /** Milliseconds that it is shown: a multiple of 10, at least ANIMATION_STEP_MS. */
  readonly delay: number;
}

/** An animation as it is to be made. */
export interface AnimationPlan {
  readonly size: PageSize;
  readonly pages: readonly Page[];
}

/** Pixels of all pages of an animation together at most: libwebp holds all that it has encoded. At 480 × 480, 150 pages have 35 million. */
const ANIMATION_PIXELS = 36_000_000;

/**
 * Plans an animation of the beginning of the tape, whose longer side has `side` pixels at most, and fewer where many pages would
 * have more than ANIMATION_PIXELS. Pure.
 */
export function planAnimation(
  { width, height, timeline }: Pick<Pictures, 'width' | 'height' | 'timeline'>,
  scale: Scale | undefined,
  side: number,
): AnimationPlan {
  const pages = planPages(timeline);
  // Its longer side must not exceed that of a page with its share of the pixels.
  const ratio = Math.max(width, height) / Math.min(width, height);
  const affordable = Math.max(1, Math.floor(Math.sqrt((ANIMATION_PIXELS / pages.length) * ratio)));
  const { innerWidth, innerHeight, factor } = planScale(
    width,
    height,
    scale ?? 'auto',
    Math.min(side, affordable),
  );
  return { size: { width: innerWidth, height: innerHeight, enlarged: factor >= 1 }, pages };
}

/**
 * Looks at the timeline every 40 ms and adds a page where the picture is a new one. So an animation keeps the tape's time, and a
 * picture that the tape holds costs nothing. Pure.
 */
export function planPages(timeline: Timeline): Page[] {
  const endMs = Math.min(timeline.end / TICKS_PER_MS, ANIMATION_SECONDS * 1000);
  const steps = Math.max(1, Math.round(endMs / ANIMATION_STEP_MS));
  const pages: { picture: number; delay: number }[] = [];
  for (let step = 0; step < steps; step++) {
    const picture = pictureAt(timeline, step * ANIMATION_STEP_MS * TICKS_PER_MS);
    const last = pages.at(-1);
    if (last?.picture === picture) last.delay += ANIMATION_STEP_MS;
    else pages.push({ picture, delay: ANIMATION_STEP_MS });
  }
  return pages;
}

/**
 * Writes the pages of an animation as files beside `path`, and gives their paths, also for other animations of the same plan. Throws what
 * `Pictures.read` and the image process throw.
 */
export async function makePages(
  { size, pages }: AnimationPlan,
  pictures: Pictures,
  images: ImageProcess,
  path: string,
  signal: AbortSignal,
): Promise<string[]> {
  const files: string[] = [];
  for (const { picture } of pages) {
    const output = `${path}.page-${files.length}`;
    const png = await pictures.read(picture, signal);
    await images.request({ ask: 'page', png, size, output }, signal);
    files.push(output);
  }
  return files;
}

/** Writes an animation of the pages in `files` at `path`, and gives its bytes. Throws what the image process throws. */
export async function makeAnimation(
  codec: AnimationCodec,
  { pages }: AnimationPlan,
  files: readonly string[],
  images: ImageProcess,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  const delays = pages.map(({ delay }) => delay);
  return await images.request({ ask: 'animation', codec, pages: files, delays, output: path }, signal);
}
