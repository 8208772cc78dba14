import { type Canvas, type Colour, fillRect } from './canvas.ts';

/** A glyph has 3×5 dots: five octal digits, one for each row. The three bits of a digit are the dots from left to right. */
const glyphs: Record<string, string> = {
  a: '25755',
  b: '65656',
  c: '34443',
  d: '65556',
  e: '74647',
  f: '74644',
  g: '34553',
  h: '55755',
  i: '72227',
  j: '11152',
  k: '55655',
  l: '44447',
  m: '57755',
  n: '65555',
  o: '25552',
  p: '65644',
  q: '25563',
  r: '65655',
  s: '34216',
  t: '72222',
  u: '55557',
  v: '55552',
  w: '55775',
  x: '55255',
  y: '55222',
  z: '71247',
  0: '75557',
  1: '26227',
  2: '71747',
  3: '71317',
  4: '55711',
  5: '74717',
  6: '74757',
  7: '71122',
  8: '75757',
  9: '75717',
  '.': '00002',
  ',': '00024',
  ':': '02020',
  '-': '00700',
  '>': '42124',
  '~': '00360',
  "'": '22000',
  '(': '12221',
  ')': '42224',
};

/** Width and height in pixels of the cell that one letter takes, gap included, at a dot of `dot` pixels. */
export function cellSize(dot: number): { width: number; height: number } {
  return { width: 4 * dot, height: 7 * dot };
}

/** Writes one line of text in square dots of `dot` pixels; letters without a glyph are left blank. */
export function drawText(c: Canvas, text: string, x: number, y: number, dot: number, colour: Colour): void {
  [...text.toLowerCase()].forEach((letter, column) => {
    const rows = glyphs[letter] ?? '00000';
    for (let row = 0; row < 5; row++) {
      const bits = Number(rows[row]);
      for (let bit = 0; bit < 3; bit++) {
        const left = x + (column * 4 + bit) * dot;
        if (bits & (4 >> bit)) fillRect(c, left, y + row * dot, dot, dot, colour);
      }
    }
  });
}
