import type { TapeReport } from '../../queue/status.ts';
import { type Markup, markup } from '../markup.ts';
import { webUrl } from '../text.ts';

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
  const picture = still
    ? markup`<img src="${still}" alt="" width="112" height="84" loading="lazy" decoding="async">`
    : markup`<span class="no-picture" aria-hidden="true"></span>`;
  if (!video) return picture;
  return markup`<details class="player"><summary><span class="sr">Play ${report.slug}</span>${picture}<span class="play" aria-hidden="true"></span></summary><video src="${video}" controls playsinline loop preload="none" aria-label="${report.slug}"></video></details>`;
}
