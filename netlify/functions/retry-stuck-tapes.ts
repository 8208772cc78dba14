import type { Config, Context } from '@netlify/functions';
import { retryStuckTapes } from '../lib/retry.ts';
import { serve } from '../lib/services.ts';

/** Hands over again what is stuck. The platform calls it; it has no address of its own. */
export default (request: Request, _context: Context): Promise<Response> =>
  serve(request, (services, _request, deadline) => retryStuckTapes(services, deadline));

export const config: Config = { schedule: '*/10 * * * *' };
