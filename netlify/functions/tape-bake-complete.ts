import type { Config, Context } from '@netlify/functions';
import { tapeBakeComplete } from '../lib/callback/complete.ts';
import { serve } from '../lib/services.ts';

/** Handles Oven's callback: publishes the MP4 in MongoDB and the PDS. */
export default (request: Request, _context: Context): Promise<Response> => serve(request, tapeBakeComplete);

export const config: Config = { path: '/api/tape-bake-complete' };
