import { fade } from './scenes/fade.ts';
import { noise } from './scenes/noise.ts';
import { paint } from './scenes/paint.ts';
import { plot } from './scenes/plot.ts';
import { prompt } from './scenes/prompt.ts';
import { sprites } from './scenes/sprites.ts';
import { still } from './scenes/still.ts';
import { wire } from './scenes/wire.ts';

/** Every kind of picture that a tape can be made of, by name. */
export const scenes = { prompt, paint, noise, plot, wire, still, sprites, fade };

/** The name of a scene. */
export type SceneName = keyof typeof scenes;
