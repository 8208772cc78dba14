import type { BakeRequest, Outcome } from '../queue/job.ts';
import type { Secrets } from './secrets.ts';

/** What a callback says. `undefined` fields are left out of the JSON. */
export function callbackBody(request: BakeRequest, outcome: Outcome, secrets: Secrets): object {
  const { mongoId, slug, code, metadata } = request;
  const secret = secretFor(request, secrets);
  if ('failure' in outcome) {
    const { code: failure, message } = outcome.failure;
    return { mongoId, slug, secret, error: { code: failure, message } };
  }
  const { width, height, duration, bytes, outputs } = outcome.result;
  return {
    ...{ mongoId, slug, mp4Url: outputs.mp4, thumbnailUrl: outputs.thumbnail, secret },
    ...{ code, width, height, duration, bytes, outputs, metadata },
  };
}

/**
 * The secret that the caller used. Where that was taken off the list meanwhile, the current one: its receiver expects
 * that by now (a secret is replaced on both sides), and would refuse the callback for days and lose the tape
 * otherwise. It goes to nobody new, since callbacks go only to origins that the operator named for receiving secrets.
 */
function secretFor({ secretFingerprint }: BakeRequest, secrets: Secrets): string {
  return secrets.find(secretFingerprint) ?? secrets.current;
}
