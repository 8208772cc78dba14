import type { TapeReport } from '../../queue/status.ts';
import { type Markup, markup, publicText, renderBytes, renderSpan, renderTime, webUrl } from '../markup.ts';
import { groupOf, renderCallback, renderProgress } from './row.ts';

/** All that anybody may know about one job. `now` in milliseconds since 1970. */
export function renderJob(report: TapeReport, now: number): Markup {
  const { jobId, slug, error, callback } = report;
  const group = groupOf(report.status);
  return markup`<article id="job" data-key="${jobId}" aria-labelledby="job-title">
    <p class="back"><a href="/">All tapes</a></p>
    <h2 id="job-title">${slug} <span class="state ${group}">${group}</span></h2>
    ${error && markup`<p class="failure"><code>${publicText(error.code)}</code> ${publicText(error.message)}</p>`}
    ${group === 'baking' && markup`<p class="progress">${report.stage ?? ''} ${renderProgress(report)}</p>`}
    ${renderMedia(report)}
    <dl class="about">
      ${item('job', markup`<code>${jobId}</code>`)}
      ${times(report, now)}
      ${made(report)}
      ${group === 'done' || group === 'failed' ? item('callback', renderCallback(group, callback)) : ''}
    </dl>
  </article>`;
}

/** What is shown instead of a job that isn't there. */
export function renderNoJob(): Markup {
  return markup`<article aria-labelledby="job-title">
    <p class="back"><a href="/">All tapes</a></p>
    <h2 id="job-title">No such job</h2>
    <p>It was never here, was purged, or ended more than 30 days ago.</p>
  </article>`;
}

function renderMedia(report: TapeReport): Markup {
  const { video, still } = mediaOf(report);
  if (video)
    return markup`<video src="${video}"${still ? markup` poster="${still}"` : ''} controls playsinline loop preload="metadata" aria-label="${report.slug}"></video>`;
  return still ? markup`<img class="still" src="${still}" alt="A picture of ${report.slug}">` : markup``;
}

function times({ timings: { queuedAt, startedAt, finishedAt } }: TapeReport, now: number): Markup {
  const waited = (startedAt ?? finishedAt ?? now) - queuedAt;
  const baked = startedAt !== undefined && (finishedAt ?? now) - startedAt;
  return markup`${item('arrived', renderTime(queuedAt, 'both'))}
      ${item('waited', renderSpan(waited / 1000))}
      ${baked !== false && item(finishedAt === undefined ? 'bakes for' : 'baked in', renderSpan(baked / 1000))}
      ${finishedAt !== undefined && item('ended', renderTime(finishedAt, 'both'))}`;
}

function made({ result }: TapeReport): Markup {
  if (!result) return markup``;
  const files = Object.entries(result.outputs).map(([kind, url]) => {
    const address = webUrl(url);
    return address && markup`<li><a href="${address}">${kind}</a></li>`;
  });
  const stages = Object.entries(result.timings ?? {}).map(
    ([stage, seconds]) => markup`<li>${stage} ${renderSpan(seconds)}</li>`,
  );
  return markup`${item('size', `${result.width}×${result.height}, ${renderSpan(result.duration)}, ${renderBytes(result.bytes)}`)}
      ${item('files', markup`<ul>${files}</ul>`)}
      ${stages.length > 0 && item('stages', markup`<ul>${stages}</ul>`)}`;
}

function item(name: string, value: string | Markup): Markup {
  return markup`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

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
