import { createHash, timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { HttpError } from '../http.ts';

/** Checks the signature of `text` in `headers`, which is valid for five minutes. Returns the webhook-id. Throws 401 when no secret fits. */
export function verifySignature(secrets: readonly string[], headers: Headers, text: string): string {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  const signed = Object.fromEntries(names.map((name) => [name, headers.get(name) ?? '']));
  const id = signed['webhook-id'] ?? '';
  // It tries every secret, so that the time does not show which one fits.
  const fits = secrets.map((secret) => verifies(secret, text, signed)).includes(true);
  if (!fits || id === '' || id.length > 200) throw refused();
  return id;
}

/** Throws 401 when `secret` is none of `secrets`. */
export function verifySecret(secrets: readonly string[], secret: string): void {
  if (!isSecret(secrets, secret)) throw refused();
}

/** Whether `given` is one of `secrets`. It takes the same time for every wrong one. */
export function isSecret(secrets: readonly string[], given: string): boolean {
  const wanted = digest(given);
  return secrets.map((each) => timingSafeEqual(digest(each), wanted)).includes(true);
}

function verifies(secret: string, text: string, headers: Record<string, string>): boolean {
  try {
    webhook(secret).verify(text, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

/** The key as Oven makes it: after whsec_ a secret is base64, any other secret is its own bytes. */
function webhook(secret: string): Webhook {
  if (secret.startsWith('whsec_')) return new Webhook(secret);
  return new Webhook(new TextEncoder().encode(secret), { format: 'raw' });
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function refused(): HttpError {
  return new HttpError(401, 'CALLBACK_REFUSED', 'The callback is not from Oven.');
}
