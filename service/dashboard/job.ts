/** The page of one job. */

import type { TapeReport } from '../queue/status.ts';
import type { FailureDetails } from '../schemas/outcome.ts';
import { renderActions } from './actions.ts';
import { type Markup, markup, publicText, renderBytes, renderSpan, renderTime, webUrl } from './markup.ts';
import { groupOf, mediaOf, renderCallback, renderProgress } from './row.ts';

/**
 * The page of one job: everything about it that is public, and for an operator what can be done, where it ran and why it failed. `now` in milliseconds
 * since 1970.
 */
export function renderJob(
  report: TapeReport,
  now: number,
  forOperator = false,
  {
    failure,
    host,
  }: { readonly failure?: FailureDetails | undefined; readonly host?: string | undefined } = {},
): Markup {
  const { jobId, slug, error, callback } = report;
  const group = groupOf(report.status);
  return markup`<article id="job" data-key="${jobId}" aria-labelledby="job-title">
    <p class="back"><a href="/">All tapes</a></p>
    <h2 id="job-title">${slug} <span class="state ${group}">${group}</span></h2>
    ${error && markup`<p class="failure"><code>${publicText(error.code)}</code> ${publicText(error.message)}</p>`}
    ${group === 'baking' && markup`<p class="progress">${report.stage ?? ''} ${renderProgress(report)}</p>`}
    ${forOperator && renderActions(report)}
    ${forOperator && failure && renderFailure(failure)}
    ${renderMedia(report)}
    <dl class="about">
      ${item('job', markup`<code>${jobId}</code>`)}
      ${report.private && item('private', 'its name and its files')}
      ${renderTimes(report, now)}
      ${host !== undefined && item('host', markup`<code>${host}</code>`)}
      ${renderResult(report)}
      ${group === 'done' || group === 'failed' ? item('callback', renderCallback(group, callback)) : ''}
    </dl>
  </article>`;
}

/** Why the last attempt failed: the error with its causes, and the last lines of the encoder. */
function renderFailure({ causes, encoder, attempt, stage, worker, release, at }: FailureDetails): Markup {
  const rows = causes.map(
    ({ type, code, message }) => markup`<li><code>${code ?? type}</code> ${message}</li>`,
  );
  return markup`<section class="why" aria-labelledby="why-title">
      <h3 id="why-title">Why it failed</h3>
      <ol>${rows}</ol>
      ${encoder.length > 0 && markup`<pre tabindex="0" aria-label="The last lines of the encoder">${encoder.join('\n')}</pre>`}
      <p>Attempt ${String(attempt)}${stage && ` while ${stage}`}, ${renderTime(at, 'both')}, on <code>${worker}</code>, release <code>${release}</code></p>
    </section>`;
}

/** The page for an unknown job id. */
export function renderNoJob(): Markup {
  return markup`<article aria-labelledby="job-title">
    <p class="back"><a href="/">All tapes</a></p>
    <h2 id="job-title">No such job</h2>
    <p>It was never here, was purged, or has left the history, which goes back 30 days at most.</p>
  </article>`;
}

function renderMedia(report: TapeReport): Markup {
  const { video, still } = mediaOf(report);
  if (video)
    return markup`<video src="${video}"${still ? markup` poster="${still}"` : ''} controls playsinline loop preload="metadata" aria-label="${report.slug}"></video>`;
  return still ? markup`<img class="still" src="${still}" alt="A picture of ${report.slug}">` : markup``;
}

function renderTimes({ timings: { queuedAt, startedAt, finishedAt } }: TapeReport, now: number): Markup {
  const waited = (startedAt ?? finishedAt ?? now) - queuedAt;
  const baked = startedAt !== undefined && (finishedAt ?? now) - startedAt;
  return markup`${item('arrived', renderTime(queuedAt, 'both'))}
      ${item('waited', renderSpan(waited / 1000))}
      ${baked !== false && item(finishedAt === undefined ? 'bakes for' : 'baked in', renderSpan(baked / 1000))}
      ${finishedAt !== undefined && item('ended', renderTime(finishedAt, 'both'))}`;
}

function renderResult({ result }: TapeReport): Markup {
  if (!result) return markup``;
  const files = Object.entries(result.outputs).map(([kind, url]) => {
    const address = webUrl(url);
    return address && markup`<li><a href="${address}">${kind}</a></li>`;
  });
  const keys = Object.entries(result.keys ?? {}).map(
    ([kind, key]) => markup`<li>${kind} <code>${key}</code></li>`,
  );
  const stages = Object.entries(result.timings ?? {}).map(
    ([stage, seconds]) => markup`<li>${stage} ${renderSpan(seconds)}</li>`,
  );
  return markup`${item('size', `${result.width}×${result.height}, ${renderSpan(result.duration)}, ${renderBytes(result.bytes)}`)}
      ${item('files', markup`<ul>${files}${keys}</ul>`)}
      ${stages.length > 0 && item('stages', markup`<ul>${stages}</ul>`)}`;
}

function item(name: string, value: string | Markup): Markup {
  return markup`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}
