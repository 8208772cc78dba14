import { z } from 'zod';
import type { Limits } from '../bake/limits.ts';
import type { Scale } from '../bake/plan/size.ts';
import { ConfigError, problemsOf } from './errors.ts';
import { LIMIT_VARIABLES } from './variables.ts';

const MiB = 1024 * 1024;
const SCHEMA = z.object(LIMIT_VARIABLES);

/** The limits and the scale of one bake, for the command line, which loads nothing else of the service. Throws ConfigError. */
export function readLimits(env: NodeJS.ProcessEnv): { readonly limits: Limits; readonly scale: Scale } {
  const parsed = SCHEMA.safeParse(env);
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error));
  return { limits: limitsOf(parsed.data), scale: parsed.data.OUTPUT_SCALE };
}

/** The limits in the units of the bake library. */
export function limitsOf(found: z.output<typeof SCHEMA>): Limits {
  return {
    zipBytes: found.MAX_ZIP_MB * MiB,
    unzippedBytes: found.MAX_UNZIPPED_MB * MiB,
    seconds: found.MAX_TAPE_SECONDS,
    frames: found.MAX_FRAMES,
    framePixels: found.MAX_FRAME_PIXELS,
  };
}
