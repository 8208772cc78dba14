import { isSecret } from './callback/verify.ts';
import type { Config } from './config.ts';
import { HttpError, requireMethod } from './http.ts';

/**
 * Lets the platform's own scheduler or a holder of the secret start the scheduled function. Throws 401 for anybody else, and 503 when there
 * is no secret. No header proves the scheduler, because every client can send it. At Netlify, a function with a schedule has no URL: only
 * the scheduler calls it, with the platform's context. `environment` shows that the process is Netlify's: the name is reserved there.
 */
export function requireScheduler(
  { callbackSecrets }: Pick<Config, 'callbackSecrets'>,
  request: Request,
  context: { readonly deploy?: unknown },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): void {
  if (environment['AWS_LAMBDA_FUNCTION_NAME'] !== undefined && context.deploy !== undefined) return;
  requireSecret({ callbackSecrets }, request);
}

/** Throws 405 for another method than POST, 401 without the secret as Bearer token, and 503 when there is no secret. */
export function requireSecret({ callbackSecrets }: Pick<Config, 'callbackSecrets'>, request: Request): void {
  requireMethod(request, 'POST');
  if (callbackSecrets.length === 0) {
    throw new HttpError(503, 'NOT_CONFIGURED', 'OVEN_CALLBACK_SECRET is not set.', {
      headers: { 'retry-after': '300' },
    });
  }
  const [, given = ''] = /^bearer (\S+)$/i.exec(request.headers.get('authorization')?.trim() ?? '') ?? [];
  if (isSecret(callbackSecrets, given)) return;
  throw new HttpError(401, 'SECRET_NEEDED', 'Send OVEN_CALLBACK_SECRET as the Bearer token.', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}
