import type { Config, Context } from '@netlify/functions';
import { retryStuckTapes } from '../lib/retry.ts';
import { requireScheduler } from '../lib/scheduled.ts';
import { serve } from '../lib/services.ts';

/** Submits stuck tapes again. Netlify's scheduler calls it; anywhere else it wants the secret. */
export default (request: Request, context: Context): Promise<Response> =>
  serve(request, (services, _request, deadline) => {
    requireScheduler(services.config, request, context);
    return retryStuckTapes(services, deadline);
  });

export const config: Config = { schedule: '*/10 * * * *' };
