import type { Config, Context } from '@netlify/functions';
import { retryStuckTapes } from '../lib/retry.ts';
import { serve } from '../lib/services.ts';

/** Submits stuck tapes again. The platform calls it on a schedule; it has no path. */
export default (request: Request, _context: Context): Promise<Response> =>
  serve(request, (services, _request, deadline) => retryStuckTapes(services, deadline));

export const config: Config = { schedule: '*/10 * * * *' };
