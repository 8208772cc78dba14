import { drawLine, fillRect, rgba } from '../canvas.ts';
import type { Scene } from './scene.ts';

type Point = readonly [x: number, y: number, z: number];
interface Edge {
  from: Point;
  to: Point;
  colour: number;
}

const background = rgba(10, 10, 26);
const colours = [rgba(80, 255, 160), rgba(255, 90, 200), rgba(90, 180, 255), rgba(255, 220, 80)];

/** Edges of a ring of `around` sections with `tube` corners each; radii 1 and 0.45. */
function torus(around: number, tube: number): Edge[] {
  const corner = (i: number, j: number): Point => {
    const a = (i / around) * Math.PI * 2;
    const b = (j / tube) * Math.PI * 2;
    const radius = 1 + 0.45 * Math.cos(b);
    return [radius * Math.cos(a), radius * Math.sin(a), 0.45 * Math.sin(b)];
  };
  return Array.from({ length: around * tube }, (_, n) => {
    const [i, j] = [Math.floor(n / tube), n % tube];
    return [
      { from: corner(i, j), to: corner(i + 1, j), colour: colours[0]! },
      { from: corner(i, j), to: corner(i, j + 1), colour: colours[1 + (i % 2)]! },
    ];
  }).flat();
}

/** The twelve edges of a cube that reaches from -half to half. */
function cube(half: number): Edge[] {
  const corners = Array.from(
    { length: 8 },
    (_, n): Point => [n & 1 ? half : -half, n & 2 ? half : -half, n & 4 ? half : -half],
  );
  return corners.flatMap((from, n) =>
    [1, 2, 4]
      .filter((bit) => !(n & bit))
      .map((bit) => ({ from, to: corners[n | bit]!, colour: colours[3]! })),
  );
}

/** A rotating wireframe in perspective: one-pixel lines of several colours on a dark ground. */
export const wire: Scene = (width, height, random) => {
  const edges = [...torus(24, 10), ...cube(0.5), ...cube(1.35)];
  const start = random() * Math.PI * 2;
  const size = Math.min(width, height) * 1.15;
  return (canvas, seconds) => {
    const [a, b] = [start + seconds * 0.8, start + seconds * 0.53];
    const [cosA, sinA, cosB, sinB] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
    const project = ([x, y, z]: Point): [number, number] => {
      const [x1, z1] = [x * cosA - z * sinA, x * sinA + z * cosA];
      const [y1, z2] = [y * cosB - z1 * sinB, y * sinB + z1 * cosB];
      const scale = size / (z2 + 4);
      return [Math.round(width / 2 + x1 * scale), Math.round(height / 2 + y1 * scale)];
    };
    fillRect(canvas, 0, 0, width, height, background);
    for (const { from, to, colour } of edges) drawLine(canvas, ...project(from), ...project(to), colour);
  };
};
