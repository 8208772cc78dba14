import type { Sample } from '../encode/samples.ts';
import { levelOf } from '../encode/x264.ts';
import { type Background, type Geometry, planScale, type Scale } from './size.ts';
import { TICKS_PER_SECOND, type Timeline } from './timeline.ts';

/** Pictures a second of a share video, the usual rate first. */
export const SHARE_FPS = [60, 30] as const;
export type ShareFps = (typeof SHARE_FPS)[number];

/** Pixels of a share video, the usual size first. `source` is the size of the tape, enlarged. */
export const SHARE_FRAMES = ['source', '1080x1920', '1080x1080', '1920x1080'] as const;
export type ShareFrame = (typeof SHARE_FRAMES)[number];

/** Seconds that a share video lasts at least: sites refuse shorter ones. */
const MIN_SECONDS = 1;
/** The highest level of H.264 that phones and sites are sure to play. */
const MAX_LEVEL = 4.2;
/** Pixels by which a side is reduced at a time until the level suffices: those of a macroblock. */
const STEP = 16;

/**
 * The samples of a video of constant rate: `fps` a second, each with the picture that begins nearest to it. The video lasts for at
 * least a second, and for a whole number of samples. Pure.
 */
export function planConstantSamples({ pictures, end }: Timeline, fps: ShareFps): Sample[] {
  const unit = TICKS_PER_SECOND / fps;
  const count = Math.max(MIN_SECONDS * fps, Math.ceil(end / unit));
  const samples: Sample[] = [];
  let picture = 0;
  for (let n = 0; n < count; n++) {
    // A picture is nearest to the sample to which its start rounds. Where several are, the last one stays on screen.
    while (picture + 1 < pictures.length && Math.round(pictures[picture + 1]!.start / unit) <= n) picture++;
    samples.push({ picture, start: n * unit, end: (n + 1) * unit });
  }
  return samples;
}

/** What the size of a share video depends on, beside the size of the tape. */
export interface ShareSize {
  readonly frame: ShareFrame;
  readonly background: Background;
  readonly fps: ShareFps;
  readonly scale: Scale;
  /** Pixels of the longer side at most, where the frame is that of the tape. */
  readonly maxSide: number;
}

/**
 * Plans the size of a share video: the tape enlarged by the largest whole factor that fits into the frame, in its middle. A tape that is
 * larger than the frame is shrunk. Pure.
 */
export function planShareSize(width: number, height: number, size: ShareSize): Geometry {
  if (size.frame === 'source') return planSourceSize(width, height, size);
  const [frameWidth, frameHeight] = size.frame.split('x').map(Number) as [number, number];
  const fit = Math.min(frameWidth / width, frameHeight / height);
  const factor = fit >= 1 ? Math.floor(fit) : fit;
  const innerWidth = Math.max(1, Math.round(width * factor));
  const innerHeight = Math.max(1, Math.round(height * factor));
  return {
    factor,
    innerWidth,
    innerHeight,
    width: frameWidth,
    height: frameHeight,
    reduced: false,
    padding: {
      // Two pixels share chroma, so the tape begins at an even place.
      left: Math.floor((frameWidth - innerWidth) / 4) * 2,
      top: Math.floor((frameHeight - innerHeight) / 4) * 2,
      background: size.background,
    },
  };
}

function planSourceSize(width: number, height: number, { fps, scale, maxSide }: ShareSize): Geometry {
  for (let side = maxSide; ; side -= STEP) {
    const geometry = planScale(width, height, scale, side);
    const level = levelOf({ width: geometry.width, height: geometry.height, peakRate: fps, held: 1 });
    if (Number(level) <= MAX_LEVEL) return geometry;
  }
}
