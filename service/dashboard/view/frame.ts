import { STYLES } from '../assets.ts';
import { type Markup, markup } from '../markup.ts';
import { renderMark, renderName } from './mark.ts';
import { renderTime } from './time.ts';

/** What every page needs to know. */
export interface Frame {
  /** Where the files of the page are, without a slash at the end. */
  readonly assets: string;
  readonly release: string;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
}

/** A whole page around `main`; `title` and `headline` say what is going on. */
export function renderFrame(
  frame: Frame,
  page: { title: string; headline: string; busy: boolean; trouble: string | undefined; main: Markup },
): Markup {
  const { assets } = frame;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${page.title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta name="robots" content="noindex">
<link rel="icon" type="image/svg+xml" href="${assets}/icon.svg">
${STYLES.map(
  (name) => markup`<link rel="stylesheet" href="${assets}/${name}.css">
`,
)}<script type="module" src="${assets}/dashboard.js"></script>
</head>
<body${page.busy ? markup` class="busy"` : ''}>
<a class="skip" href="#main">Skip to the tapes</a>
<header>
  <a class="home" href="/">${renderMark()}<h1>${renderName()}</h1></a>
  <p id="headline">${page.headline}</p>
  <p id="link" data-state="off"><span class="lamp" aria-hidden="true"></span><span id="link-text"></span><noscript><a href="">Refresh</a> for news</noscript></p>
</header>
<div class="embers" aria-hidden="true"></div>
<main id="main" tabindex="-1">
<p id="trouble" role="alert">${page.trouble}</p>
${page.main}
</main>
<footer>
  <p>Oven bakes the tapes of <a href="https://aesthetic.computer">aesthetic.computer</a>.</p>
  <dl><div><dt>release</dt><dd>${frame.release}</dd></div><div><dt>started</dt><dd>${renderTime(frame.startedAt)}</dd></div></dl>
</footer>
<p id="said" class="sr" role="status" aria-live="polite"></p>
</body>
</html>
`;
}
