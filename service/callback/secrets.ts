import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';

/** The secrets that callers and receivers share with Oven: the current one first, then those that are being replaced. */
export interface Secrets {
  /** The fingerprint of an accepted secret; undefined for any other. The time it takes tells nothing about a secret. */
  accepts(secret: string): string | undefined;
  /** The secret with this fingerprint; undefined if it has left CALLBACK_SECRET. */
  find(fingerprint: string): string | undefined;
  readonly current: string;
  /** The header webhook-signature of Standard Webhooks, with a signature for each secret. `timestamp` is in seconds since 1970. */
  sign(id: string, timestamp: number, body: string): string;
}

interface KeyedSecret {
  readonly secret: string;
  readonly fingerprint: string;
  readonly key: Buffer;
}

/** Of a secret with this prefix, the key is what follows, as base64. */
const BASE64_PREFIX = 'whsec_';

/** Opens the secrets of CALLBACK_SECRET. Throws TypeError for an unusable list; its message shows no secret. */
export function openSecrets(list: readonly string[]): Secrets {
  const known: KeyedSecret[] = list.map((secret) => ({
    secret,
    fingerprint: fingerprintOf(secret),
    key: keyOf(secret),
  }));
  const [first] = known;
  if (first === undefined) throw new TypeError('There is no secret for callbacks.');
  // Digests under a random key have one length and reveal nothing: they can be compared in constant time.
  const salt = randomBytes(32);
  const digest = (secret: string) => createHmac('sha256', salt).update(secret).digest();
  const digests = known.map(({ secret }) => digest(secret));

  return {
    accepts: (secret) => {
      const given = digest(secret);
      // Not `find`, which stops at the first match: every secret is compared.
      const equal = digests.map((one) => timingSafeEqual(one, given));
      return known[equal.indexOf(true)]?.fingerprint;
    },
    find: (fingerprint) => known.find((one) => one.fingerprint === fingerprint)?.secret,
    current: first.secret,
    sign: (id, timestamp, body) =>
      known
        .map(({ key }) => createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64'))
        .map((signature) => `v1,${signature}`)
        .join(' '),
  };
}

/** Identifies a secret in Redis. scrypt is slow, so that a short secret can't be guessed from its fingerprint. */
function fingerprintOf(secret: string): string {
  return scryptSync(secret, 'oven callback secret', 12).toString('base64url');
}

function keyOf(secret: string): Buffer {
  if (secret === '') throw new TypeError('A secret for callbacks is empty.');
  if (!secret.startsWith(BASE64_PREFIX)) return Buffer.from(secret, 'utf8');
  const encoded = secret.slice(BASE64_PREFIX.length);
  const key = Buffer.from(encoded, 'base64');
  // Node skips characters that are not base64. A receiver does not, and computes another signature.
  if (key.length === 0 || key.toString('base64') !== encoded) {
    throw new TypeError(`A secret for callbacks that begins with ${BASE64_PREFIX} is not base64 after it.`);
  }
  return key;
}
