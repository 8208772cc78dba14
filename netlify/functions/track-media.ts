import type { Config, Context } from '@netlify/functions';
import { serve } from '../lib/services.ts';
import { trackMedia } from '../lib/track-media.ts';

/** Adds an uploaded tape and submits it to Oven. */
export default (request: Request, _context: Context): Promise<Response> => serve(request, trackMedia);

export const config: Config = { path: ['/api/track-media', '/api/track-tape'] };
