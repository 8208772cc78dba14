import type { Scale } from './plan/size.ts';

/** Everything a tape can be baked to, in the order it is made: the video that people wait for is first. */
export const OUTPUT_KINDS = ['mp4', 'thumbnail', 'webm', 'gif', 'webp'] as const;
export type OutputKind = (typeof OUTPUT_KINDS)[number];

/** One thing to bake. */
export interface OutputRequest {
  readonly kind: OutputKind;
  /** How many times each pixel is enlarged; `auto` when left out. */
  readonly scale?: Scale;
  /** Pixels of the longer side at most. */
  readonly maxSide?: number;
}

export const DEFAULT_OUTPUTS: readonly OutputRequest[] = [{ kind: 'mp4' }, { kind: 'thumbnail' }];

/** The file name of an output of the tape `name`. */
export function outputName(name: string, kind: OutputKind): string {
  return kind === 'thumbnail' ? `${name}-thumb.jpg` : `${name}.${kind}`;
}

/** Requests in the order they are made, the last of a kind winning. */
export function inOrder(requests: readonly OutputRequest[]): OutputRequest[] {
  const byKind = new Map(requests.map((request) => [request.kind, request]));
  return OUTPUT_KINDS.flatMap((kind) => byKind.get(kind) ?? []);
}
