/** Secrets that can be recognized wherever they turn up. */

/** The part that every marked secret has. */
const MARK = 'zq9secret';

/** The value of each variable that holds a secret. Redis's is the password in its URL, that of alerts the last part of theirs. */
export const MARKED: Readonly<Record<string, string>> = {
  CALLBACK_SECRET: `${MARK}-callback/+käse`,
  ART_SPACES_KEY: `${MARK}-art-key`,
  ART_SPACES_SECRET: `${MARK}-art/+=secret`,
  USER_SPACES_KEY: `${MARK}-user-key`,
  USER_SPACES_SECRET: `${MARK}-user/+=secret`,
  AT_BLOBS_SPACES_KEY: `${MARK}-blobs-key`,
  AT_BLOBS_SPACES_SECRET: `${MARK}-blobs/+=secret`,
  REDIS_URL: `${MARK}-redis/+=password`,
  ALERT_WEBHOOK_URL: `${MARK}-alert-webhook`,
};

/** The secret that CALLBACK_SECRET still has from before: callers and operator use it. */
export const OLD_SECRET = `${MARK}-callback-before`;

/** What only callers send: wrong secrets, queries, users of URLs. The log has none of it. */
export const OF_CALLERS = ['wrong-callback', 'wrong-bearer', 'of-zip', 'of-query', 'of-user'].map(
  (what) => `zq9caller-${what}`,
);

/** Stands in what everyone may see: a search that finds it would find a secret too. */
export const PLANTED = 'zq9planted';

/** The names of the secrets of `marked` that a text holds, as they are or as JSON, a URL, hexadecimal or base64 have them. */
export function secretsIn(text: string, marked: Readonly<Record<string, string>>): string[] {
  return Object.entries(marked).flatMap(([name, secret]) =>
    formsOf(secret).some((form) => text.includes(form)) ? [name] : [],
  );
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // In base64 the first and the last characters depend on what stands beside the secret.
  const base64 = [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const own = whole.slice(before === 0 ? 0 : 4, -4);
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('latin1'),
    bytes.toString('hex'),
    ...base64,
  ];
}
