import { basename } from 'node:path';
import { hasForm, type OutputRequest } from '../../service/bake/outputs.ts';
import type { OutputReport } from '../../service/bake/report.ts';
import { type Markup, markup, renderBytes } from '../../service/dashboard/markup.ts';
import { thumbHashUrl } from '../../service/dashboard/thumb-hash.ts';
import type { TapeSpec } from '../../test/tapes/make.ts';

/** One output with what was asked for. */
export interface Shown {
  readonly report: OutputReport;
  readonly request: OutputRequest;
}

/** A tape with all of its outputs. */
export interface Baked {
  readonly name: string;
  readonly spec: TapeSpec;
  readonly shown: readonly Shown[];
}

/** The page of all tapes, to be written beside the outputs' files. Pure. */
export function renderGallery(tapes: readonly Baked[]): Markup {
  return markup`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>All outputs of ${tapes.length} tapes</title>
<style>${CSS}</style>
<h1>All outputs of ${tapes.length} tapes</h1>
<nav>${tapes.map(({ name }) => markup`<a href="#${name}">${name}</a> `)}</nav>
${tapes.map(renderTape)}
</html>
`;
}

function renderTape({ name, spec, shown }: Baked): Markup {
  const { width, height, seconds, sound = false } = spec;
  return markup`<section id="${name}">
<h2>${name}</h2>
<p>${width}×${height}, ${seconds} s, ${sound ? 'with sound' : 'without sound'}</p>
<div class="outputs">${shown.map(renderOutput)}</div>
</section>
`;
}

/** Seconds at which a video waits: most first pictures show little. */
const MIDDLE = 2;

function renderOutput({ report, request }: Shown): Markup {
  const { kind, path, width, height, bytes, thumbHash } = report;
  const file = encodeURIComponent(basename(path));
  const size = markup`width="${width}" height="${height}"`;
  const picture = hasForm(kind, 'video')
    ? markup`<video src="${file}#t=${MIDDLE}" ${size} controls loop playsinline preload="metadata" aria-label="${kind}"></video>`
    : markup`<img src="${file}" ${size} alt="${kind}">`;
  const { kind: _, ...options } = request;
  const asked = Object.entries(options).map(([option, value]) => `${option} ${value}`);
  const hash = thumbHash && thumbHashUrl(thumbHash);
  return markup`<figure>${picture}
<figcaption><b>${[kind, ...asked].join(', ')}</b> ${width}×${height}, ${renderBytes(bytes)}${hash && markup` <span class="hash"><img src="${hash}" ${size} alt="its ThumbHash"> <code>${thumbHash}</code></span>`}</figcaption></figure>
`;
}

const CSS = html(`
body { margin: 0 auto; max-width: 90rem; padding: 1rem; font: 16px/1.4 ui-monospace, monospace; }
nav a { display: inline-block; padding: 0.4rem 0.6rem 0.4rem 0; }
.outputs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.5rem 1rem; align-items: start; }
figure { margin: 0; min-width: 0; }
figure > img, video { display: block; width: auto; height: auto; max-width: 100%; max-height: 24rem; background: #8884; }
figcaption { margin-top: 0.4rem; font-size: 0.85rem; overflow-wrap: anywhere; }
.hash { display: flex; align-items: center; gap: 0.5rem; margin-top: 0.3rem; }
.hash img { width: auto; height: 2.5rem; }
`);

/** Our own text, which is no value to be escaped. */
function html(text: string): Markup {
  return markup([text] as unknown as TemplateStringsArray);
}
