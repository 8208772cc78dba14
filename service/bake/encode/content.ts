/** Kinds of pictures that want different encoder settings. */
export type Content = 'flat' | 'smooth' | 'noise';

/** Bytes of PNG per pixel above which colours change from pixel to pixel: gradients, photographs. Drawings have 0.01 to 0.4. */
const SMOOTH_FROM = 0.5;
/** Bytes of PNG per pixel above which hardly anything repeats. Gradients have about 1, pure noise 3.3. */
const NOISE_FROM = 2;

/**
 * Tells the content from how well the recorder could compress it, which costs nothing: `pngBytes` of all `pictures`, each of
 * `pixels`.
 */
export function contentOf(pngBytes: number, pictures: number, pixels: number): Content {
  const density = pngBytes / (pictures * pixels);
  if (density >= NOISE_FROM) return 'noise';
  return density >= SMOOTH_FROM ? 'smooth' : 'flat';
}
