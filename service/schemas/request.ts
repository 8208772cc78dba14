/** The fields of a request: what they may be, what they are for, and which of them the queue keeps. */
import { z } from '@hono/zod-openapi';
import {
  DEFAULT_OUTPUTS,
  KIND_OPTIONS,
  MOMENTS,
  OUTPUT_KINDS,
  OUTPUTS,
  STILL_FORMATS,
} from '../bake/outputs.ts';
import { SHARE_FPS, SHARE_FRAMES } from '../bake/plan/share.ts';
import { BACKGROUND, type Background, LARGEST_SIDE, SCALES } from '../bake/plan/size.ts';
import { SLUG } from '../lib/ids.ts';
import { jsonFault } from '../lib/json-bounds.ts';

const MAX_URL = 2048;
/** Seconds, of the longest tape that anyone makes. */
const MAX_SECONDS = 86_400;
/** Who may read a stored file, in the words of S3. */
export const ACLS = ['public-read', 'private'] as const;
export type Acl = (typeof ACLS)[number];
/** BullMQ's limit. */
const MAX_PRIORITY = 2_097_151;

const text = (max: number, what: string) =>
  z
    .string({ error: (issue) => (issue.input === undefined ? 'is missing' : 'must be text') })
    .min(1, { error: 'must not be empty' })
    .max(max, { error: `must not be longer than ${max} characters` })
    .openapi({ description: what });

const webUrl = (protocols: readonly string[], what: string) =>
  text(MAX_URL, what)
    .refine((value) => isUrl(value, protocols), {
      error: 'must be a URL that begins with https:// or http://, without user and password',
    })
    .transform((value) => (URL.canParse(value) ? new URL(value).href : value))
    .openapi({ type: 'string', format: 'uri', maxLength: MAX_URL });

export const slug = text(64, 'Name of the tape, which its files have too.')
  .regex(SLUG, { error: `must match ${SLUG.source}` })
  .openapi({ example: '2026.11.24.10.30.00.123' });

const metadata = z
  .unknown()
  .refine((value) => value == null || isObject(value), { error: 'must be an object' })
  .superRefine((value, context) => {
    const fault = jsonFault(value);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  })
  .optional()
  .openapi({
    type: ['object', 'null'],
    additionalProperties: true,
    description: 'Anything. The callback repeats it.',
  });

/** The kinds that never get the largest side, whatever a request says. */
function sideNotes(): string {
  return OUTPUT_KINDS.filter((kind) => OUTPUTS[kind].side.max < LARGEST_SIDE)
    .map((kind) => `; a ${kind} never has more than ${OUTPUTS[kind].side.max}`)
    .join('');
}

const thumbnailOptions = {
  at: z
    .union([z.enum(MOMENTS), z.number().min(0).max(MAX_SECONDS)], {
      error: `must be ${MOMENTS.join(', ')}, or seconds from 0 to ${MAX_SECONDS}`,
    })
    .optional()
    .openapi({
      description: `Which moment a thumbnail shows: seconds, or ${MOMENTS.join(', ')}; ${KIND_OPTIONS.thumbnail.at} when left out. After the end, the last picture is shown.`,
    }),
  format: oneOf(STILL_FORMATS).openapi({
    description: `The format of a thumbnail; ${KIND_OPTIONS.thumbnail.format} when left out.`,
  }),
};

const shareOptions = {
  fps: z
    .literal(SHARE_FPS, { error: `must be ${SHARE_FPS.join(' or ')}` })
    .optional()
    .openapi({
      description: `Pictures a second of a share video; ${KIND_OPTIONS.share.fps} when left out.`,
      enum: [...SHARE_FPS],
    }),
  frame: oneOf(SHARE_FRAMES).openapi({
    description: `Pixels of a share video, with the tape in its middle; ${KIND_OPTIONS.share.frame}, the size of the tape enlarged, when left out.`,
  }),
  background: z
    .string()
    .regex(BACKGROUND, { error: 'must be a colour such as #1a2b3c' })
    .transform((colour) => colour.toLowerCase() as Background)
    .optional()
    .openapi({
      type: 'string',
      pattern: '^#[0-9a-fA-F]{6}$',
      description: `The colour around the tape in a share video; ${KIND_OPTIONS.share.background} when left out.`,
    }),
  silence: z.boolean({ error: 'must be true or false' }).optional().openapi({
    description:
      'Whether silence fills the sound track of a share video: that of a tape without sound, and after a sound that ends early; true when left out.',
  }),
};

const output = z
  .strictObject({
    kind: z.enum(OUTPUT_KINDS, { error: `must be one of ${OUTPUT_KINDS.join(', ')}` }),
    scale: z
      .literal(SCALES, { error: `must be one of ${SCALES.join(', ')}` })
      .optional()
      .openapi({ description: 'How many times each pixel is enlarged.', enum: [...SCALES] }),
    maxSide: wholeNumber(16, LARGEST_SIDE)
      .optional()
      .openapi({ description: `Pixels of the longer side at most${sideNotes()}.` }),
    ...thumbnailOptions,
    ...shareOptions,
  })
  .superRefine((output, context) => {
    for (const [kind, options] of Object.entries(KIND_OPTIONS)) {
      const misplaced = Object.keys(options).find(
        (name) => output[name as keyof typeof output] !== undefined,
      );
      if (kind === output.kind || misplaced === undefined) continue;
      context.addIssue({ code: 'custom', path: [misplaced], message: `is an option of ${kind} only` });
    }
  })
  .openapi('Output');

export const outputs = z
  .array(output, { error: 'must be a list' })
  .min(1, { error: 'must not be empty' })
  .max(OUTPUT_KINDS.length, { error: 'has too many entries' })
  .refine((list) => new Set(list.map(({ kind }) => kind)).size === list.length, {
    error: 'must have each kind once',
  })
  .openapi({
    description: `What is made, ${OUTPUT_KINDS[0]} first; ${DEFAULT_OUTPUTS.map(({ kind }) => kind).join(' and ')} when left out. Each kind once.`,
  });

const publish = z.boolean({ error: 'must be true or false' }).optional().openapi({
  default: true,
  description:
    'Whether the receiver publishes the video. The callback repeats `false`. A later request without `false` sends a new callback, and bakes nothing anew.',
});

/** Fields that the queue keeps with the job. */
const kept = {
  mongoId: text(128, 'Whose tape it is: the id of its document. Other tapes can not take its slug.').regex(
    /^[!-~]+$/,
    { error: 'must be visible ASCII characters' },
  ),
  slug,
  zipUrl: webUrl(['https:', 'http:', 'file:'], 'Where the tape is.'),
  callbackUrl: webUrl(['https:', 'http:'], 'Receives the callback when the bake has ended.'),
  progressUrl: webUrl(['https:', 'http:'], 'Receives progress reports, at most one a second.').optional(),
  metadata,
  code: text(64, 'Short code of the tape. The callback repeats it.')
    .nullable()
    .transform((code) => code ?? undefined)
    .optional(),
  publish,
  private: z.boolean({ error: 'must be true or false' }).optional().openapi({
    default: false,
    description: `Whether the tape is "a tape" to everyone but operators: without its names on pages, in \`/status\` and in the log. The callback has keys of files in place of URLs.`,
  }),
  acl: z
    .enum(ACLS, { error: `must be one of ${ACLS.join(', ')}` })
    .optional()
    .openapi({
      description:
        'Who may read the files: anyone, or the owner of the bucket. `private` when left out for a private tape, else `public-read`. With `private` the callback has keys of files in place of URLs.',
    }),
  replaces: webUrl(
    ['https:', 'http:'],
    'The MP4 that the tape has from before Oven. Files of this name that say nothing of their tape may be replaced then.',
  ).optional(),
};

const priority = wholeNumber(0, MAX_PRIORITY)
  .optional()
  .openapi({ description: 'Tapes with lower numbers are baked sooner; 0 first, and 0 when left out.' });

const rebakeId = text(
  64,
  'Bakes again what was baked before, and each tape once for one `rebakeId`: the same request again finds its job, and changes nothing.',
).optional();

/** Fields that only this request needs. */
const notKept = {
  callbackSecret: text(512, 'A secret that Oven shares with the caller. The callback repeats it.').openapi({
    format: 'password',
  }),
  outputName: z
    .enum(['slug', 'code'], { error: 'must be slug or code' })
    .optional()
    .openapi({ description: 'What the files are named by; OUTPUT_NAME when left out.' }),
  priority,
  rebake: z
    .boolean({ error: 'must be true or false' })
    .optional()
    .openapi({ description: 'Bakes again what was baked before.' }),
  rebakeId,
};

/** Body of POST /bake. Unknown fields are left out: callers send more than Oven needs. */
export const bakeBody = z.object({ ...kept, ...notKept, outputs: outputs.optional() }).openapi('BakeRequest');

/** Body of POST /jobs/{id}/rebake. */
export const rebakeBody = z.object({ priority, rebakeId, publish }).openapi('RebakeRequest');

/** Body of POST /thumbnail. */
export const thumbnailBody = z
  .object({ ...kept, ...notKept, ...thumbnailOptions })
  .openapi('ThumbnailRequest');

export type BakeBody = z.output<typeof bakeBody>;
export type OutputRequest = Readonly<z.output<typeof output>>;

/** What is to be baked, as Redis keeps it: the caller's secret is here as a fingerprint only. */
const bakeRequest = z.object({
  ...kept,
  outputs: outputs.readonly(),
  /** What the files are named by, if it is not the slug. */
  fileName: z.string().optional(),
  secretFingerprint: z.string(),
  /** The trace of the HTTP request, as lib/trace.ts reads it. */
  traceparent: z.string().optional(),
});

export type BakeRequest = Readonly<z.output<typeof bakeRequest>>;

/** The request and nothing else, so that no other field of the caller (a secret above all) gets to Redis. */
export function onlyRequest(request: BakeRequest): BakeRequest {
  const fields = Object.keys(bakeRequest.shape) as (keyof BakeRequest)[];
  return Object.fromEntries(fields.map((field) => [field, request[field]])) as unknown as BakeRequest;
}

/** Whether the receiver of the callback is to publish the video. */
export function isPublished({ publish }: Pick<BakeRequest, 'publish'>): boolean {
  return publish !== false;
}

/** Who may read the files of a tape. */
export function aclOf({ private: isPrivate, acl }: Pick<BakeRequest, 'private' | 'acl'>): Acl {
  return acl ?? (isPrivate ? 'private' : 'public-read');
}

/** Whether the callback has keys of files in place of URLs. */
export function hasKeys(request: Pick<BakeRequest, 'private' | 'acl'>): boolean {
  return request.private === true || aclOf(request) === 'private';
}

function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` }).optional();
}

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

function isUrl(value: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return protocols.includes(protocol) && `${username}${password}` === '';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && !Array.isArray(value);
}
