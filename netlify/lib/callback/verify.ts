import { createHash, timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { HttpError } from '../http.ts';

/** Throws 401 unless `headers` sign `text` with one of our secrets, at most five minutes ago or ahead. Gives the webhook-id. */
export function verifySignature(secrets: readonly string[], headers: Headers, text: string): string {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  const signed = Object.fromEntries(names.map((name) => [name, headers.get(name) ?? '']));
  const id = signed['webhook-id'] ?? '';
  // All are tried, whichever fits.
  const fits = secrets.map((secret) => verifies(secret, text, signed)).includes(true);
  if (!fits || id === '' || id.length > 200) throw refused();
  return id;
}

/** Throws 401 unless `secret` is one of ours. Takes equally long for every wrong one. */
export function verifySecret(secrets: readonly string[], secret: string): void {
  const given = digest(secret);
  if (!secrets.map((each) => timingSafeEqual(digest(each), given)).includes(true)) throw refused();
}

function verifies(secret: string, text: string, headers: Record<string, string>): boolean {
  try {
    webhook(secret).verify(text, headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

/** As Oven signs: a secret that starts with whsec_ is base64 after that, any other is its own bytes. */
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
