/** What the process for pictures is asked. A picture is an ordinary PNG, but for `convert`, which makes one of any other. */
export type ImageRequest =
  | { readonly ask: 'convert'; readonly png: Buffer }
  | { readonly ask: 'thumbnail'; readonly png: Buffer; readonly frame: Size; readonly side: number }
  /** One picture more of the animation. */
  | { readonly ask: 'page'; readonly png: Buffer; readonly size: PreviewSize }
  /** All pictures were given: the animation is written to the file `output`. Each is shown for its delay, in ms. */
  | {
      readonly ask: 'animation';
      readonly kind: 'gif' | 'webp';
      readonly delays: readonly number[];
      readonly output: string;
    };

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Pixels of a preview, and whether they are at least the tape's own: then its pixels stay hard-edged. */
export interface PreviewSize extends Size {
  readonly enlarged: boolean;
}

/** What it answers to each question. */
export interface ImageResponses {
  /** The picture as an ordinary PNG: 8-bit RGBA. */
  readonly convert: Buffer;
  /** A JPEG. */
  readonly thumbnail: Size & { readonly jpeg: Buffer };
  readonly page: null;
  /** Bytes of the file. */
  readonly animation: number;
}

/** Who is to blame for a question that can't be answered: the picture, the disk, this machine's memory, or Oven. */
export type ImageFault = 'picture' | 'disk' | 'memory' | 'oven';

export type Reply =
  | { readonly kind: 'answer'; readonly handleImageRequest: ImageResponses[keyof ImageResponses] }
  | { readonly kind: 'fault'; readonly blame: ImageFault; readonly message: string };
