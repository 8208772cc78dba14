/** The requests that Oven sends, for the API's document: receivers generate their types from it. */
import { z } from '@hono/zod-openapi';
import { SCHEDULE } from '../callback/schedule.ts';
import { ERRORS, FAILURE_CODES, RETRIES } from '../errors.ts';
import { failureBody, progressBody, successBody } from '../schemas/outcome.ts';
import type { App } from './middleware.ts';

/** As Standard Webhooks define them. */
const headers = z.object({
  'webhook-id': z.string().openapi({
    description: 'The same for every attempt and repetition: drop what has been received before.',
  }),
  'webhook-timestamp': z.string().openapi({
    description: 'When the attempt was made, in seconds since 1970. Refuse what is older than five minutes.',
    example: '1764147600',
  }),
  'webhook-signature': z.string().openapi({
    description:
      '`v1,` and the base64 HMAC-SHA256 of `webhook-id.webhook-timestamp.body`, for each secret of CALLBACK_SECRET, with spaces between. The key is the secret; of a secret `whsec_…`, the bytes that its base64 stands for.',
    example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  }),
});

const callbackResponses = {
  '2XX': { description: 'The callback is delivered.' },
  410: { description: 'The callback is given up.' },
  default: {
    description: `Redirects too: the callback is sent again, after about ${SCHEDULE.map(inWords).join(', ')}, and never sooner than Retry-After says.`,
  },
};

const FAILURES = FAILURE_CODES.map((code) => {
  const { message, retry } = ERRORS[code];
  return `| \`${code}\` | ${message} | ${RETRIES[retry]} |`;
}).join('\n');

/** Describes the callbacks and the progress report. */
export function registerWebhooks(app: App): void {
  const register = (
    path: string,
    summary: string,
    description: string,
    schema: z.ZodType,
    responses: object,
  ) =>
    app.openAPIRegistry.registerWebhook({
      method: 'post',
      path,
      operationId: path,
      tags: ['Callbacks'],
      summary,
      description,
      request: { headers, body: { required: true, content: { 'application/json': { schema } } } },
      responses: responses as typeof callbackResponses,
    });
  register(
    'bakeDone',
    'A bake is done',
    'Goes to `callbackUrl`. The files are at their URLs.',
    successBody,
    callbackResponses,
  );
  register(
    'bakeFailed',
    'A bake failed for good, or was cancelled',
    `Goes to \`callbackUrl\`.\n\n| code | cause | tried again |\n| --- | --- | --- |\n${FAILURES}`,
    failureBody,
    callbackResponses,
  );
  register(
    'bakeProgress',
    'How far a bake is',
    'Goes to `progressUrl`, at most once a second. A report that can not be delivered is dropped.',
    progressBody,
    { default: { description: 'The answer is ignored.' } },
  );
}

/** A time in the largest unit that leaves no fraction: 300000 is `5 min`. */
function inWords(ms: number): string {
  const seconds = ms / 1000;
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
