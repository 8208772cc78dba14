import { pick, type Random } from '../../tapes/random.ts';
import { below, damage, oneIn } from './bytes.ts';
import { mutateJson, mutateJsonText } from './json.ts';

/** Stand for what only the running functions know. */
export const STANDS_FOR = { secret: '@secret@', storage: '@storage@' };

/** Tapes that exist, by their last hexadecimal digit. */
export const TAPES = ['guest0', 'nobody1', 'done2', 'nuked3', 'private4'] as const;
/** The id of a tape's document; of none, beyond the last tape. */
export const tapeId = (n: number) => `665f1c2e9b1e8a000000000${n.toString(16)}`;

/** A callback as a server hands it over: the characters of the body are bytes. */
export interface Sent {
  readonly method: string;
  readonly body: string;
  readonly isBase64Encoded: boolean;
  /** How it is signed, if it is. */
  readonly sign?: { readonly secret: string; readonly id: string; readonly secondsAgo: number };
  /** Headers in place of those of the signature or beside them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | null>>;
}

const ODD_VALUES = [
  '',
  ' ',
  '0',
  '-1',
  '1e99',
  'NaN',
  'v1,',
  'v1',
  'v1a,x',
  ',',
  'ä',
  'null',
  'x'.repeat(300),
];
const WEBHOOK = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
const HEADERS = [
  ...WEBHOOK,
  ...WEBHOOK,
  ...['content-type', 'content-length', 'content-encoding', 'transfer-encoding', 'x-forwarded-for', 'cookie'],
  ...['Webhook-Id', '__proto__', 'constructor', 'x y', ''],
];
const METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'post', 'TRACE', 'CONNECT', 'x y', ''];

/** A callback of Oven's, with nothing wrong or with some of its parts changed. Most are signed after the change. */
export function mutateCallback(random: Random): Sent {
  const isOdd = !oneIn(random, 8);
  const odd = (times: number) => isOdd && oneIn(random, times);
  const headers: Record<string, string | string[] | null> = {};
  while (odd(4)) headers[pick(random, HEADERS)] = oddHeader(random);
  const sign = {
    secret: odd(12) ? pick(random, ['', 'wrong', `${STANDS_FOR.secret} `]) : STANDS_FOR.secret,
    id: odd(10) ? pick(random, ['', 'x'.repeat(201), 'ä', 'a.b', 'bake-0']) : `bake-${below(random, 3)}`,
    secondsAgo: odd(10) ? pick(random, [290, 340, -290, -340, 1e9, -1e9]) : 0,
  };
  return {
    method: odd(20) ? pick(random, METHODS) : 'POST',
    body: bodyOf(random, odd),
    isBase64Encoded: odd(10),
    ...(!odd(8) && { sign }),
    headers,
  };
}

function bodyOf(random: Random, odd: (times: number) => boolean): string {
  const n = below(random, odd(8) ? 16 : TAPES.length);
  const said = oneIn(random, 3) ? failureOf(n) : successOf(random, n);
  if (!odd(2)) return asBytes(JSON.stringify(said));
  if (oneIn(random, 4)) return mutateJsonText(random, said).toString('latin1');
  if (oneIn(random, 4)) {
    const bytes = Buffer.from(JSON.stringify(said));
    return damage(random, bytes, bytes).toString('latin1');
  }
  const name = pick(random, Object.keys(said));
  const changed = pick(random, [
    () => undefined,
    () => 'x'.repeat(270_000),
    () => mutateJson(random, said[name]),
    () => mutateJson(random, said[name]),
    () => mutateJson(random, said[name]),
    () => pick(random, [{ $ne: null }, { $gt: '' }, ['a'], `${said[name]}\0`, `${said[name]}?x`]),
  ])();
  return asBytes(JSON.stringify({ ...said, [name]: changed }));
}

function successOf(random: Random, n: number): Record<string, unknown> {
  const slug = TAPES[n] ?? 'other';
  const file = `${STANDS_FOR.storage}/blobs/tapes/${slug}`;
  return {
    mongoId: tapeId(n),
    slug,
    mp4Url: `${file}.mp4`,
    thumbnailUrl: `${file}-thumb.jpg`,
    secret: STANDS_FOR.secret,
    bytes: 1000,
    width: 640,
    height: 320,
    duration: 8.5,
    outputs: {},
    metadata: { piece: 'ä😀' },
    ...(oneIn(random, 4) && { publish: false }),
  };
}

function failureOf(n: number): Record<string, unknown> {
  const error = { code: 'NOT_A_ZIP', message: 'The tape is no ZIP.' };
  return { mongoId: tapeId(n), slug: TAPES[n] ?? 'other', secret: STANDS_FOR.secret, error };
}

function oddHeader(random: Random): string | string[] | null {
  const value = () => pick(random, ODD_VALUES);
  return pick(random, [value, value, () => [value(), value()], () => null])();
}

/** The bytes as a text of as many characters. */
function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}
