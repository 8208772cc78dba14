import type { Config, Context } from '@netlify/functions';
import { z } from 'zod';
import { forgetTapesOf } from '../lib/forget.ts';
import { parseJson, readText } from '../lib/http.ts';
import { requireSecret } from '../lib/scheduled.ts';
import { serve } from '../lib/services.ts';

const BODY = z.object({ user: z.string().min(1).max(200) });

/** POST {user}: removes what Oven and the PDS have of a user's tapes. The site's deletion of accounts calls it, with the secret. */
export default (request: Request, _context: Context): Promise<Response> =>
  serve(request, async (services, _request, deadline) => {
    requireSecret(services.config, request);
    const { user } = parseJson(BODY, await readText(request, 4096));
    return forgetTapesOf(services, user, deadline);
  });

export const config: Config = { path: '/api/forget-tapes' };
