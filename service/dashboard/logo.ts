/** The logo and the name, drawn in pixels as SVG. */
import { type Markup, markup } from './markup.ts';

/** The logo: a tape in an oven. Pixels: b body, k knobs, reels and feet, s handle, w window, t tape, f and g the fire's two pictures. */
const OVEN = `
.bbbbbbbbbbbbbb.
bbkkbbbbbbbbkkbb
bbkkbbbssbbbkkbb
bbbbbbbbbbbbbbbb
bbssssssssssssbb
bbwwwwwwwwwwwwbb
bbwwttttttttwwbb
bbwwtkttttktwwbb
bbwwttttttttwwbb
bbwwttkkkkttwwbb
bbwwwwwwwwwwwwbb
bbfwwgfwwfgwwfbb
bbfggffggffggfbb
bbbbbbbbbbbbbbbb
.kkk........kkk.`;

const LETTERS = `
.ooo..o...o.oooo.o...o
o...o.o...o.o....oo..o
o...o.o...o.ooo..o.o.o
o...o..o.o..o....o..oo
.ooo....o...oooo.o...o`;

const COLOURS: Readonly<Record<string, string>> = {
  b: '#ff5fa2',
  k: '#3a1638',
  s: '#ffd1e3',
  w: '#1b0a24',
  t: '#fff3df',
  f: '#ff9a3c',
  g: '#ffd23f',
};

interface Run {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly pixel: string;
}

/** Runs of equal pixels, line by line: a picture becomes a few rectangles. */
export function runsOf(picture: string): readonly Run[] {
  const lines = picture.trim().split('\n');
  return lines.flatMap((line, y) =>
    [...line.matchAll(/([^.])\1*/g)].map((found) => {
      return { x: found.index, y, width: found[0].length, pixel: found[1]! };
    }),
  );
}

/** The logo as an SVG file, for the browser's tab. */
export function renderIcon(): Markup {
  const pixels = runsOf(OVEN).map(
    ({ x, y, width, pixel }) =>
      markup`<path fill="${COLOURS[pixel]!}" d="M${x} ${y}h${width}v1h-${width}z"/>`,
  );
  return markup`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 15" shape-rendering="crispEdges">${pixels}</svg>`;
}

/** The logo in the page. Style sheets colour it and animate the fire. */
export function renderLogo(): Markup {
  return markup`<svg class="mark" viewBox="0 0 16 15" width="64" height="60" shape-rendering="crispEdges" aria-hidden="true" focusable="false">${paths(OVEN)}</svg>`;
}

/** The word Oven, in pixels. */
export function renderName(): Markup {
  return markup`<svg class="wordmark" viewBox="0 0 22 5" width="132" height="30" shape-rendering="crispEdges" role="img" aria-label="Oven" focusable="false">${paths(LETTERS)}</svg>`;
}

function paths(picture: string): readonly Markup[] {
  const byPixel = Map.groupBy(runsOf(picture), ({ pixel }) => pixel);
  return [...byPixel].map(
    ([pixel, runs]) =>
      markup`<path class="px-${pixel}" d="${runs.map(({ x, y, width }) => `M${x} ${y}h${width}v1h-${width}z`).join('')}"/>`,
  );
}
