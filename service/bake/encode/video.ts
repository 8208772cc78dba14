import { rm } from 'node:fs/promises';
import { type VideoPlan, videoArguments } from './command.ts';
import { runFfmpeg, type Watch } from './ffmpeg.ts';

/** Begins to give the pictures, from the first. */
type Feed = () => AsyncIterable<Uint8Array>;

/**
 * Makes a video. Pictures are taken to be opaque until one turns out not to be: then it begins again, laying all of them on
 * black. Gives the plan that was carried out.
 */
export async function encodeVideo(
  plan: VideoPlan,
  { feed, ...watch }: Watch & { readonly feed: Feed },
): Promise<VideoPlan> {
  const transparent = new AbortController();
  const signal = AbortSignal.any([watch.signal, transparent.signal]);
  try {
    await runFfmpeg(videoArguments(plan), feed(), {
      ...watch,
      signal,
      onTransparency: () => transparent.abort(),
    });
    transparent.signal.throwIfAborted();
    return plan;
  } catch (error) {
    if (watch.signal.aborted || !transparent.signal.aborted) throw error;
    await rm(plan.output, { force: true });
    const blended = { ...plan, blend: true };
    await runFfmpeg(videoArguments(blended), feed(), watch);
    return blended;
  }
}
