import { pick, type Random } from '../../tapes/random.ts';
import { OPERATIONS, type Operation, resolveSchema, type Schema } from '../openapi.ts';
import { below, damage, oneIn } from './bytes.ts';
import { mutateJson, mutateJsonText } from './json.ts';

/** A request as it is sent: the characters of header values and body are bytes. */
export interface Sent {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Stands for what only the running service knows: the words between the signs. */
export const STANDS_FOR = { source: '@source@', slow: '@slow@', receiver: '@receiver@', secret: '@secret@' };
/** Stand for the jobs that exist when the requests begin. */
export const JOBS = ['@job0@', '@job1@', '@job2@', '@job3@'];

/** Values of fields and parameters that no schema tells. */
const KNOWN: Readonly<Record<string, readonly unknown[]>> = {
  mongoId: ['id-a', 'id-b'],
  slug: ['a', 'b', '2026.11.26.10.30.00.123'],
  zipUrl: [`${STANDS_FOR.source}/a.zip`, `${STANDS_FOR.source}/none.zip`, `${STANDS_FOR.slow}/b.zip`],
  callbackUrl: [`${STANDS_FOR.receiver}/hook`],
  progressUrl: [`${STANDS_FOR.receiver}/progress`],
  replaces: ['https://site.test/tapes/a.mp4'],
  callbackSecret: [STANDS_FOR.secret],
  metadata: [{}, { piece: 'ä😀', deep: [[{ a: null }]] }, null],
  code: ['abc'],
  rebakeId: ['again'],
  background: ['#1A2b3c'],
  jobId: JOBS,
  id: JOBS,
  since: ['2026-11-26T10:00:00Z', '1700000000000'],
  cursor: [`1700000000000_${'0'.repeat(32)}`, `9999999999999999_${'f'.repeat(32)}-2`],
  error: ['NOT_A_ZIP'],
};
/** A thumbnail fails or is made sooner than a video. */
const OUTPUTS = [{ kind: 'thumbnail' }, { kind: 'thumbnail', at: 'last', format: 'webp' }];

/** A value that the schema of a field or parameter allows. */
function sample(random: Random, given: Schema, name = ''): unknown {
  const schema = resolveSchema(given);
  if (Object.hasOwn(KNOWN, name)) return pick(random, KNOWN[name]!);
  if (name === 'outputs')
    return [oneIn(random, 2) ? pick(random, OUTPUTS) : { kind: 'thumbnail', at: random() }];
  if (Array.isArray(schema.enum)) return pick(random, schema.enum);
  if (Array.isArray(schema.anyOf)) return sample(random, pick(random, schema.anyOf));
  if (schema.type === 'object') return sampleObject(random, schema);
  if (schema.type === 'boolean') return oneIn(random, 2);
  const { minimum = 0, maximum = 1000 } = schema as { minimum?: number; maximum?: number };
  const between = minimum + random() * (maximum - minimum);
  if (schema.type === 'integer') return pick(random, [minimum, maximum, Math.floor(between)]);
  if (schema.type === 'number') return between;
  return 'x';
}

function sampleObject(random: Random, schema: Schema): Record<string, unknown> {
  const required = (schema.required ?? []) as readonly string[];
  const fields = Object.entries(schema.properties as Record<string, Schema>)
    .filter(([name]) => required.includes(name) || oneIn(random, 4))
    .map(([name, field]) => [name, sample(random, field, name)]);
  return Object.fromEntries(fields);
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'];
/** Parts of a path or query, as they are sent. */
const ODD_PARTS = [
  ...[
    '',
    '.',
    '..',
    '%2e%2e',
    '..%2f..%2fetc%2fpasswd',
    '%00',
    '%ff',
    '%',
    '%zz',
    '%F0%9F%98%80',
    '%ed%a0%80',
  ],
  ...[
    'a%0d%0ax:%20y',
    '__proto__',
    'constructor',
    '*',
    '[]',
    '{}',
    'null',
    '-1',
    '1e3',
    'x'.repeat(3000),
    '%25',
  ],
];
const TYPES = [
  ...['text/plain', 'application/json; charset=utf-16', 'application/json;', 'APPLICATION/JSON', '*/*', ''],
  ...['application/jsonx', 'application/problem+json', 'multipart/form-data; boundary=x', '\u00ff', '{}'],
];
/** Values that are odd in any header. */
const ODD_VALUES = [
  '',
  ' ',
  '\u00e4\u00ff',
  '..',
  '-1',
  '1e9',
  '{}',
  ',',
  ';=;',
  '"',
  'null',
  'x'.repeat(4000),
];
/** Without Host and Expect, which are judged before the service gets the request. */
const HEADERS = [
  ...['accept', 'accept-encoding', 'content-encoding', 'cookie', 'forwarded', 'if-match'],
  ...['if-none-match', 'origin', 'range', 'sec-fetch-site', 'traceparent', 'user-agent', 'x-forwarded-for'],
  ...['x-forwarded-host', 'x-forwarded-proto', 'x-http-method-override', 'x-request-id', '__proto__'],
];

/** The bytes as a text of as many characters. */
const asBytes = (text: string) => Buffer.from(text).toString('latin1');

/** A value that is odd for one parameter. */
function oddPart(random: Random, value: string): string {
  if (oneIn(random, 2)) return pick(random, ODD_PARTS);
  const bytes = Buffer.from(value || 'x');
  const changed = damage(random, bytes, bytes).toString('latin1').slice(0, 4000);
  return changed.replaceAll(
    /[^A-Za-z0-9_.@-]/g,
    (one) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** A request that the document describes, with nothing wrong or with some of its parts changed. */
export function mutateRequest(random: Random): Sent {
  const operation = pick(random, OPERATIONS);
  const isOdd = !oneIn(random, 6);
  const odd = (times: number) => isOdd && oneIn(random, times);
  const { target, method } = address(random, operation, odd);
  const headers: [string, string][] = [];
  if (!oneIn(random, 4)) {
    const secret = odd(8) ? pick(random, [...ODD_VALUES, 'wrong']) : STANDS_FOR.secret;
    headers.push([
      'authorization',
      `${odd(20) ? pick(random, ['Basic', 'bearer', '']) : 'Bearer'} ${secret}`,
    ]);
  }
  const body = bodyOf(random, operation, odd);
  if (body !== '' && !odd(15)) {
    headers.push(['content-type', odd(12) ? pick(random, TYPES) : 'application/json']);
  }
  while (odd(4)) headers.push([pick(random, HEADERS), pick(random, ODD_VALUES)]);
  if (odd(10)) headers.push(['transfer-encoding', 'chunked']);
  return { method, target, headers: Object.fromEntries(headers), body };
}

type Odd = (times: number) => boolean;

function address(random: Random, { path, method, parameters = [] }: Operation, odd: Odd) {
  const part = (name: string, schema: Schema) => {
    const value = String(sample(random, schema, name));
    return odd(3) ? oddPart(random, value) : value.replaceAll(/[^A-Za-z0-9_.@-]/g, encodeURIComponent);
  };
  let target = path;
  const query: string[] = [];
  for (const { name, in: where, schema, required = false } of parameters) {
    if (where === 'path') target = target.replace(`{${name}}`, () => part(name, schema));
    else if (required || oneIn(random, 3)) query.push(`${name}=${part(name, schema)}`);
  }
  while (odd(6)) query.push(`${pick(random, ['limit', 'x', '__proto__', ''])}=${pick(random, ODD_PARTS)}`);
  if (odd(30)) target += pick(random, ['/', '/x', '//', '%2f', ';x', '/..']);
  return {
    target: query.length > 0 ? `${target}?${query.join('&')}` : target,
    method: odd(12) ? pick(random, METHODS) : method,
  };
}

function bodyOf(random: Random, { requestBody }: Operation, odd: Odd): string {
  const schema = requestBody?.content['application/json'].schema;
  if (schema === undefined) return odd(10) ? pick(random, ['{}', 'x', 'x'.repeat(70_000)]) : '';
  const value = sampleObject(random, resolveSchema(schema));
  if (!odd(2)) return asBytes(JSON.stringify(value));
  if (oneIn(random, 4)) return mutateJsonText(random, value).toString('latin1');
  const wrong = pick(random, [
    () => ({ ...value, [pick(random, Object.keys(value))]: undefined }),
    () => ({ ...value, metadata: { a: 'ä'.repeat(30_000 + below(random, 5000)) } }),
    () => ({ ...value, metadata: nested(below(random, 200)) }),
    () => changeOne(random, value),
    () => changeOne(random, value),
    () => changeOne(random, value),
  ])();
  return asBytes(JSON.stringify(wrong));
}

/** The value with one of its fields changed. */
function changeOne(random: Random, value: Readonly<Record<string, unknown>>) {
  const [name, field] = pick(random, Object.entries(value)) ?? ['', ''];
  return { ...value, [name ?? '']: mutateJson(random, field) };
}

function nested(depth: number): unknown {
  return depth === 0 ? {} : { a: nested(depth - 1) };
}
