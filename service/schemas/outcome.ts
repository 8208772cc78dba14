/** What Oven reports of a bake: while it runs, when it has ended, and to the receivers of callbacks. */
import { z } from '@hono/zod-openapi';
import { FAILURE_CODES } from '../errors.ts';

export const STAGES = ['downloading', 'opening', 'encoding', 'uploading'] as const;
export type Stage = (typeof STAGES)[number];

/** How far a bake is; `progress` of the whole bake, 0 to 1. */
export interface StageProgress {
  readonly stage: Stage;
  readonly progress: number;
}

export const jobId = z.string().openapi({ example: '0f343b0931126a20f133d67c2b018a3b' });
export const seconds = z.number().min(0);
const url = z.string().openapi({ format: 'uri' });

/** The result of a bake, in the status of its job and in its callback. */
const result = {
  width: z.int().openapi({ description: 'Pixels.' }),
  height: z.int(),
  duration: seconds.openapi({ description: 'Seconds.' }),
  bytes: z.int(),
  outputs: z.record(z.string(), z.string()).openapi({ description: 'Kind of output to its URL.' }),
  thumbnail: z
    .object({
      width: z.int().openapi({ description: 'Pixels.' }),
      height: z.int(),
      thumbHash: z.string().openapi({
        description:
          'A picture of about 25 bytes in Base64, to be shown while the thumbnail loads (the format ThumbHash).',
      }),
    })
    .optional()
    .openapi({ description: 'The thumbnail, if there is one.' }),
  keys: z.record(z.string(), z.string()).optional().openapi({
    description: 'Kind of output to its key, if files or tape are private. `outputs` is empty then.',
  }),
};

/** The result as the queue keeps it. */
export const bakeResult = z.object({
  ...result,
  timings: z.record(z.string(), seconds).optional().openapi({ description: 'Stage to its seconds.' }),
});
export type BakeResult = Readonly<z.output<typeof bakeResult>>;

/** Why a bake failed. Another release may have stored a code that this one does not know. */
export const failure = z.object({
  code: z.string().openapi({ enum: [...FAILURE_CODES] }),
  message: z.string(),
});
/** `retryable`: the same tape may bake later. */
export type Failure = Readonly<z.output<typeof failure>> & { readonly retryable: boolean };

/** What the queue keeps of a failed attempt for the operator. */
export const failureDetails = z
  .object({
    at: z.number().openapi({ description: 'When it failed, in milliseconds since 1970.' }),
    attempt: z.int().openapi({ description: 'From 1.' }),
    stage: z.enum(STAGES).optional().openapi({ description: 'The last one that began.' }),
    worker: z.string().openapi({ description: 'Host and process.' }),
    release: z.string(),
    causes: z
      .array(z.object({ type: z.string(), message: z.string(), code: z.string().optional() }))
      .openapi({ description: 'The error and its causes, the outermost first.' }),
    encoder: z.array(z.string()).openapi({ description: 'The last lines of the encoder.' }),
  })
  .openapi('FailureDetails');
export type FailureDetails = Readonly<z.output<typeof failureDetails>>;

export type Outcome = { readonly result: BakeResult } | { readonly failure: Failure };

/** How the delivery of a callback stands. */
export const delivery = z.object({
  delivered: z.boolean(),
  attempts: z.int().min(0),
  lastError: z.string().optional(),
  givenUp: z
    .boolean()
    .optional()
    .openapi({ description: 'Nothing more is sent unless `POST /jobs/{id}/replay-callback` asks for it.' }),
});
export type Delivery = Readonly<z.output<typeof delivery>>;

const tape = { mongoId: z.string(), slug: z.string() };
const secret = z.string().openapi({
  format: 'password',
  description: '`callbackSecret` of the request. If that one is no longer accepted, the current secret.',
});

const request = {
  code: z.string().optional().openapi({ description: 'As in the request.' }),
  publish: z.literal(false).optional().openapi({ description: 'Only if the request says `false`.' }),
};

/** One attempt to deliver a callback. */
export const deliveryAttempt = z
  .object({
    at: z.number().openapi({ description: 'When it began, in milliseconds since 1970.' }),
    ms: z.int().openapi({ description: 'How long it took.' }),
    error: z.string().optional().openapi({ description: 'Missing if it delivered the callback.' }),
  })
  .openapi('DeliveryAttempt');
export type DeliveryAttempt = Readonly<z.output<typeof deliveryAttempt>>;

/** Body of the callback of a bake that is done. */
export const successBody = z
  .object({
    ...tape,
    mp4Url: url.optional().openapi({ description: '`outputs.mp4`.' }),
    thumbnailUrl: url.optional().openapi({ description: '`outputs.thumbnail`.' }),
    secret,
    ...request,
    ...result,
    metadata: z.unknown().openapi({ type: 'object', description: 'As in the request.' }),
  })
  .openapi('SuccessCallback');

/** Body of the callback of a bake that failed. */
export const failureBody = z
  .object({
    ...tape,
    secret,
    ...request,
    error: failure,
    errorMessage: z.string().openapi({ description: '`error.message`, for receivers that want a text.' }),
  })
  .openapi('FailureCallback');

export type CallbackBody = z.output<typeof successBody> | z.output<typeof failureBody>;

/** Body of a progress report. */
export const progressBody = z
  .object({
    ...tape,
    jobId,
    stage: z.enum(STAGES),
    percent: z.int().min(0).max(100).openapi({ description: 'Of the whole bake.' }),
  })
  .openapi('ProgressReport');
export type ProgressBody = z.output<typeof progressBody>;
