import { fillRect, rgba } from '../canvas.ts';
import { cellSize, drawText } from '../font.ts';
import { pick } from '../random.ts';
import type { Scene } from './scene.ts';

const background = rgba(70, 50, 100);
const ink = rgba(255, 255, 255);
const faint = rgba(190, 150, 220);
const cursor = rgba(255, 100, 100);
const words = [
  'tape',
  'line',
  'notepat',
  'paint 40',
  'wipe blue',
  'shape',
  'camera',
  "say 'hi'",
  'list',
  'brush:2',
];
const DOT = 2;

/** A still text prompt: a cursor blinks each half second, a letter is typed now and then; most neighbours are identical. */
export const prompt: Scene = (width, height, random) => {
  const cell = cellSize(DOT);
  const columns = Math.max(1, Math.floor((width - 12) / cell.width));
  const shownLines = Math.max(1, Math.floor(height / cell.height) - 3);
  let typed = '';
  let nextLetter = 0.6;
  let rest = pick(random, words);
  return (canvas, seconds) => {
    while (seconds >= nextLetter) {
      typed += rest[0] ?? '\n';
      const ended = rest === '';
      rest = ended ? pick(random, words) : rest.slice(1);
      nextLetter += ended ? 0.8 + random() : 0.09 + random() * 0.25;
    }
    const lines = typed.split('\n').slice(-shownLines);
    fillRect(canvas, 0, 0, width, height, background);
    drawText(canvas, 'prompt', 6, 6, DOT, faint);
    lines.forEach((line, row) => {
      drawText(canvas, line.slice(0, columns), 6, 6 + (row + 2) * cell.height, DOT, ink);
    });
    const left = 6 + Math.min(lines.at(-1)!.length, columns - 1) * cell.width;
    const top = 6 + (lines.length + 1) * cell.height;
    if (Math.floor(seconds * 2) % 2 === 0) fillRect(canvas, left, top, 3 * DOT, 5 * DOT, cursor);
  };
};
