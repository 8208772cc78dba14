import type { Scene } from './scene.ts';

/** Every pixel of every frame is random and opaque: the worst case for a video encoder. */
export const noise: Scene = (_width, _height, random) => (canvas) => {
  for (let i = 0; i < canvas.words.length; i++) canvas.words[i] = (random() * 2 ** 24) | 0xff000000;
};
