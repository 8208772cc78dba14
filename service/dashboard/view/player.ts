import type { TapeReport } from '../../queue/status.ts';
import { type Markup, markup } from '../markup.ts';
import { webUrl } from '../text.ts';

const PLACE = { width: 112, height: 96 };

interface Media {
  readonly video: string | undefined;
  readonly still: string | undefined;
}

/** What of a job can be looked at. */
export function mediaOf({ result }: TapeReport): Media {
  const { mp4, webm, thumbnail, webp, gif } = result?.outputs ?? {};
  return { video: webUrl(mp4) ?? webUrl(webm), still: webUrl(thumbnail) ?? webUrl(webp) ?? webUrl(gif) };
}

/** The thumbnail, which opens into the video; it is loaded when it is asked for, and needs no JavaScript. */
export function renderPlayer(report: TapeReport): Markup {
  const { video, still } = mediaOf(report);
  const { width, height } = sizeIn(report.result);
  const picture = still
    ? markup`<img src="${still}" alt="" width="${width}" height="${height}" loading="lazy" decoding="async">`
    : markup`<span class="no-picture" aria-hidden="true"></span>`;
  if (!video) return picture;
  return markup`<details class="player"><summary><span class="sr">Play ${report.slug}</span>${picture}<span class="play" aria-hidden="true"></span></summary><video src="${video}"${still ? markup` poster="${still}"` : ''} controls playsinline loop preload="none" aria-label="${report.slug}"></video></details>`;
}

/** The size, in CSS pixels, that keeps the shape in the place of a thumbnail, so that nothing moves when it is loaded. */
export function sizeIn(size: { width: number; height: number } | undefined): {
  width: number;
  height: number;
} {
  const { width, height } = size ?? PLACE;
  const factor = Math.min(PLACE.width / width, PLACE.height / height);
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}
