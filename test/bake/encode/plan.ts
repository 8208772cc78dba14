import type { PicturesPlan } from '../../../service/bake/encode/command.ts';
import { planScale } from '../../../service/bake/plan/size.ts';

/** A plan for opaque, flat pictures of this size, doubled, without B-frames. */
export function flatPlan(width: number, height: number): PicturesPlan {
  return {
    container: 'mp4',
    geometry: planScale(width, height, 2),
    alpha: false,
    blend: false,
    content: 'flat',
    reorder: false,
    peakRate: 60,
    repeatsFrom: 10,
    rate: 60,
    constantRate: false,
    encoders: 1,
  };
}
