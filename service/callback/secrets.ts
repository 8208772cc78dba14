import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';

/** The secrets that callers and receivers share with Oven. The first is the current one; others are being rotated out. */
export interface Secrets {
  /** The fingerprint of an accepted secret, else undefined. How long that takes tells nothing about any secret. */
  accepts(secret: string): string | undefined;
  /** The secret with this fingerprint; undefined when it was rotated out since. */
  find(fingerprint: string): string | undefined;
  readonly current: string;
  /** The header webhook-signature of Standard Webhooks: a signature for each secret. `timestamp` in seconds since 1970. */
  sign(id: string, timestamp: number, body: string): string;
}

interface Known {
  readonly secret: string;
  readonly fingerprint: string;
  readonly key: Buffer;
}

const BASE64 = 'whsec_';

/** Makes ready the secrets of CALLBACK_SECRET. Throws TypeError, which shows none of them, for a list of no use. */
export function openSecrets(list: readonly string[]): Secrets {
  const known: Known[] = list.map((secret) => ({
    secret,
    fingerprint: fingerprintOf(secret),
    key: keyOf(secret),
  }));
  const [first] = known;
  if (first === undefined) throw new TypeError('There is no secret for callbacks.');
  // Digests under a key of this process have one length and tell nothing, so that they can be compared in constant time.
  const salt = randomBytes(32);
  const digest = (secret: string) => createHmac('sha256', salt).update(secret).digest();
  const digests = known.map(({ secret }) => digest(secret));

  return {
    accepts: (secret) => {
      const given = digest(secret);
      // Not `find`: each is compared, whichever was found.
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

/** What stands for a secret where it may not be kept. Slow on purpose: a short secret can't be guessed from it. */
function fingerprintOf(secret: string): string {
  return scryptSync(secret, 'oven callback secret', 12).toString('base64url');
}

function keyOf(secret: string): Buffer {
  if (secret === '') throw new TypeError('A secret for callbacks is empty.');
  if (!secret.startsWith(BASE64)) return Buffer.from(secret, 'utf8');
  const encoded = secret.slice(BASE64.length);
  const key = Buffer.from(encoded, 'base64');
  // Node skips what is not base64; receivers would not, and would compute another signature.
  if (key.length === 0 || key.toString('base64') !== encoded) {
    throw new TypeError(`A secret for callbacks that begins with ${BASE64} is not base64 after it.`);
  }
  return key;
}
