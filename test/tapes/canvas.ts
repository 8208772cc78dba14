/** One frame of straight-alpha RGBA, 4 bytes a pixel; `words` is the same memory, one pixel a word. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly words: Uint32Array;
}

/** A pixel as a word of `Canvas.words`, which is little-endian like every machine that Node runs on. */
export type Colour = number;

/** Makes a canvas of transparent black; width and height in pixels. */
export function createCanvas(width: number, height: number): Canvas {
  const words = new Uint32Array(width * height);
  return { width, height, words, pixels: new Uint8Array(words.buffer) };
}

/** Packs four values of 0–255 into a colour; opaque when alpha is left out. */
export function rgba(red: number, green: number, blue: number, alpha = 255): Colour {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Replaces one pixel, or nothing for a place outside. */
export function setPixel(canvas: Canvas, x: number, y: number, colour: Colour): void {
  if (x >= 0 && y >= 0 && x < canvas.width && y < canvas.height) canvas.words[y * canvas.width + x] = colour;
}

/** Replaces a rectangle of pixels, clipped; no blending, so alpha is written as it is. */
export function fillRect(
  c: Canvas,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: Colour,
): void {
  const left = Math.max(0, x);
  const right = Math.min(c.width, x + width);
  const bottom = Math.min(c.height, y + height);
  if (left >= right) return;
  for (let row = Math.max(0, y); row < bottom; row++) {
    c.words.fill(colour, row * c.width + left, row * c.width + right);
  }
}

/** Fills a disc without anti-aliasing, as a pixel brush does; centre and radius in pixels. */
export function fillDisc(c: Canvas, centreX: number, centreY: number, radius: number, colour: Colour): void {
  for (let dy = -radius; dy <= radius; dy++) {
    const half = Math.floor(Math.sqrt(radius * radius - dy * dy));
    fillRect(c, centreX - half, centreY + dy, half * 2 + 1, 1, colour);
  }
}

/** Draws a line one pixel thick without anti-aliasing, between whole pixels (Bresenham). */
export function drawLine(c: Canvas, x0: number, y0: number, x1: number, y1: number, colour: Colour): void {
  const dx = Math.abs(x1 - x0);
  const dy = -Math.abs(y1 - y0);
  const stepX = x0 < x1 ? 1 : -1;
  const stepY = y0 < y1 ? 1 : -1;
  let error = dx + dy;
  let x = x0;
  let y = y0;
  for (;;) {
    setPixel(c, x, y, colour);
    if (x === x1 && y === y1) return;
    const doubled = error * 2;
    if (doubled >= dy) {
      error += dy;
      x += stepX;
    }
    if (doubled <= dx) {
      error += dx;
      y += stepY;
    }
  }
}
