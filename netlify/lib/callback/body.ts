import { z } from 'zod';
import { SLUG } from '../tapes/names.ts';

const tape = {
  mongoId: z.string().regex(/^[0-9a-f]{24}$/i, 'must be 24 hexadecimal digits'),
  slug: z.string().regex(SLUG, 'must be a slug'),
  secret: z.string().min(1),
};

const failure = z.object({
  ...tape,
  error: z.object({ code: z.string().max(100), message: z.string().max(2000) }),
});

const success = z.object({
  ...tape,
  mp4Url: z.url(),
  thumbnailUrl: z.url(),
  bytes: z.int().positive().optional(),
  width: z.int().positive().optional(),
  height: z.int().positive().optional(),
  duration: z.number().nonnegative().optional(),
  /** False: a preview, which is linked and not published. */
  publish: z.boolean().optional(),
});

/** The callback of a finished bake. The first five fields are enough. */
export type Success = z.output<typeof success>;
export type Failure = z.output<typeof failure>;

/** The body of a callback. Fields that the functions do not need are dropped. */
export const callbackBody = z.union([failure, success]);
