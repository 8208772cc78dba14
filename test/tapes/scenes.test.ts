import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createCanvas } from './canvas.ts';
import { drawFrames } from './make.ts';
import { seeded } from './random.ts';
import { type SceneName, scenes } from './scenes.ts';

describe('a scene', () => {
  const starts = Array.from({ length: 30 }, (_, n) => n / 60);
  it.each<[SceneName, number, number]>([
    ['prompt', 1, 6],
    ['paint', 10, 30],
    ['noise', 30, 30],
    ['plot', 30, 30],
    ['wire', 30, 30],
    ['still', 1, 1],
    ['sprites', 30, 30],
    ['fade', 30, 30],
  ])('The scene %s has %i to %i different frames in half a second', async (scene, least, most) => {
    const frames = await drawFrames({ scene, width: 49, height: 33, seconds: 0.5 }, starts);
    const different = new Set(frames.map((png) => png.toString('latin1'))).size;
    expect(different).toBeGreaterThanOrEqual(least);
    expect(different).toBeLessThanOrEqual(most);
  });

  it.each(Object.keys(scenes) as SceneName[])(
    'Every pixel of the scene %s survives PNG at any size',
    async (scene) => {
      for (const [width, height] of [
        [1, 1],
        [3, 50],
        [64, 48],
      ] as const) {
        const canvas = createCanvas(width, height);
        scenes[scene](width, height, seeded(1))(canvas, 0.5);
        const [png] = await drawFrames({ scene, width, height, seconds: 1 }, [0.5]);
        const decoded = await sharp(png).raw().toBuffer();
        expect(decoded.equals(canvas.pixels)).toBe(true);
      }
    },
  );

  it('The scene fade has transparent, half transparent and opaque pixels, and colour in transparent ones', () => {
    const canvas = createCanvas(64, 48);
    scenes.fade(64, 48, seeded(1))(canvas, 0.5);
    const alphas = new Set(canvas.words.map((word) => word >>> 24));
    expect([alphas.has(0), alphas.has(255), alphas.size > 20]).toEqual([true, true, true]);
    expect(canvas.words).toContain(0x00ff00ff);
  });
});
