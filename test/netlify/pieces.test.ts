import { readFileSync } from 'node:fs';
import { ObjectId } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { ABSENT } from '../../netlify/build.ts';
import { readConfig, secretsOf } from '../../netlify/lib/config.ts';
import { answerErrors, tryLater } from '../../netlify/lib/http.ts';
import { openLog } from '../../netlify/lib/log.ts';
import { retryAfterSeconds } from '../../netlify/lib/oven.ts';
import { PdsError } from '../../netlify/lib/pds/errors.ts';
import { recordKey, tapeRecord } from '../../netlify/lib/pds/record.ts';
import { checkFileUrl } from '../../netlify/lib/storage.ts';
import { newCode } from '../../netlify/lib/tapes/database.ts';
import { nextAttemptAt } from '../../netlify/lib/tapes/due.ts';
import { ENDINGS, SLUG } from '../../netlify/lib/tapes/names.ts';
import { MAX_ZIP_MB } from '../../netlify/lib/zips.ts';
import { LIMITS } from '../../service/bake/limits.ts';
import { fileType } from '../../service/bake/outputs.ts';
import { SLUG as SERVICE_SLUG } from '../../service/lib/ids.ts';

describe('the key of a record', () => {
  const when = new Date('2025-10-09T12:30:15.123Z');
  const _id = new ObjectId('68e7a9d7c3f0a1b2c3d4e5f6');

  test('The key of a record is a TID with the tape’s time, and is the same each time', () => {
    const key = recordKey({ _id, when });
    expect(key).toMatch(/^[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}$/);
    expect(recordKey({ _id, when })).toBe(key);
    const digits = '234567abcdefghijklmnopqrstuvwxyz';
    const bits = [...key].reduce((all, digit) => (all << 5n) | BigInt(digits.indexOf(digit)), 0n);
    expect(Number((bits >> 10n) / 1000n)).toBe(when.getTime());
  });

  test('The keys of records differ between tapes of one moment, and sort by time', () => {
    const keys = Array.from({ length: 200 }, () => recordKey({ _id: new ObjectId(), when }));
    expect(new Set(keys).size).toBeGreaterThan(198);
    const later = recordKey({ _id, when: new Date(when.getTime() + 1) });
    for (const key of keys) expect(key < later).toBe(true);
  });

  test('The key of a record is the tape’s present one', () => {
    expect(recordKey({ _id, when, at: { rkey: 'kept', uri: '', cid: '' } })).toBe('kept');
  });

  test('A record without a video is refused', () => {
    const tape = { _id, when, slug: 's', code: 'c', bucket: 'b' };
    expect(() => tapeRecord(tape, { cid: 'no cid', mimeType: 'video/mp4', size: 1 })).toThrow();
  });
});

test('Codes get longer when short ones are in use', () => {
  const last = (max: number) => max - 1;
  expect([newCode(0, last), newCode(20, last), newCode(40, last)]).toEqual(['999', 'ZZZ', 'ZZZZ']);
});

test.each([
  [0, 0, 10],
  [1, 0, 10],
  [2, 0, 20],
  [6, 0, 320],
  [7, 0, 360],
  [50, 0, 360],
  [1, 7200, 120],
])('After %i attempts and with Retry-After %i a tape waits %i minutes', (attempts, retryAfter, minutes) => {
  const wait = nextAttemptAt(attempts, retryAfter, () => 0.5).getTime() - Date.now();
  expect(Math.round(wait / 60_000)).toBe(minutes);
});

test.each([
  [null, 0],
  ['7', 7],
  ['-3', 0],
  ['soon', 0],
  ['999999999', 21_600],
  [new Date(Date.now() + 90_000).toUTCString(), expect.closeTo(90, -1)],
])('Retry-After %s is %s seconds', (header, expected) => {
  expect(retryAfterSeconds(header)).toEqual(expected);
});

test('The log hides secrets, also escaped ones and secrets within others', () => {
  const lines: string[] = [];
  const log = openLog(['pass"word', 'word', ''], (line) => lines.push(line));
  log('error', 'X', { error: new Error('it was pass"word'), list: ['a word'] });
  expect(lines).toEqual([
    '{"level":"error","event":"X","error":"Error: it was [secret]","list":["a [secret]"]}',
  ]);
});

test('The platform’s bundles leave out the same packages as ours', () => {
  const toml = readFileSync(new URL('../../netlify.toml', import.meta.url), 'utf8');
  const [, list = ''] = /^ *external_node_modules = (\[.*\])$/m.exec(toml) ?? [];
  expect(JSON.parse(list)).toEqual(ABSENT);
});

test('The cause of an error is logged without secrets, and the caller does not see it', async () => {
  const lines: string[] = [];
  const env = { MONGODB_CONNECTION_STRING: 'mongodb://me:p%40ss@db.test/x', MONGODB_NAME: 'x' };
  const log = openLog(secretsOf(readConfig(env)), (line) => lines.push(line));
  const refused = Object.assign(new Error('connect: p@ss or p%40ss'), { code: 'ECONNREFUSED' });
  const response = await answerErrors(log, async () => {
    throw tryLater('X', 'It can’t be reached.', 7, new TypeError('fetch failed', { cause: refused }));
  });
  expect(response.headers.get('retry-after')).toBe('7');
  expect(await response.json()).toEqual({ error: { code: 'X', message: 'It can’t be reached.' } });
  expect(lines.map((line) => JSON.parse(line).cause)).toEqual([
    'TypeError fetch failed: Error ECONNREFUSED connect: [secret] or [secret]',
  ]);
});

test('The log has Oven’s text of a PDS’s failure and not the server’s', async () => {
  const lines: string[] = [];
  const theirs = new Error('whatever a server says');
  await answerErrors(
    openLog([], (line) => lines.push(line)),
    async () => {
      throw tryLater('X', 'Later.', 1, new PdsError('PDS_BUSY', 'The PDS answers 503.', { cause: theirs }));
    },
  );
  expect(JSON.parse(lines[0]!).cause).toBe('PdsError PDS_BUSY The PDS answers 503.');
});

test.each([
  ['https://cdn.test/tapes/s.mp4', true],
  ['https://cdn.test/tapes/s.mp4?x', false],
  ['https://cdn.test/tapes/../tapes/s.mp4', false],
  ['https://cdn.test.evil.test/tapes/s.mp4', false],
  ['http://cdn.test/tapes/s.mp4', false],
  ['https://host.test/bucket/tapes/s.mp4', true],
  ['https://host.test/other/tapes/s.mp4', false],
])('The URL %s is a file of the storage: %s', (url, good) => {
  const check = () =>
    checkFileUrl([new URL('https://cdn.test'), new URL('https://host.test/bucket/')], url, 's.mp4', 'x');
  if (good) expect(check).not.toThrow();
  else expect(check).toThrow('x is not the URL');
});

describe('the environment', () => {
  const least = { MONGODB_CONNECTION_STRING: 'mongodb://x', MONGODB_NAME: 'x' };

  test('The environment needs a database only; every other variable is optional', () => {
    const config = readConfig(least);
    expect(config).toMatchObject({ oven: undefined, callbackSecrets: [], guest: undefined, seconds: 25 });
    expect(config.callbackUrl).toBe('https://aesthetic.computer/api/tape-bake-complete');
    expect(config.blobs.map(({ host }) => host)).toContain(
      'at-blobs-aesthetic-computer.sfo3.digitaloceanspaces.com',
    );
    expect(config.zips.user.url.host).toBe('user-aesthetic-computer.sfo3.digitaloceanspaces.com');
  });

  test('A wrong environment is refused with the name of every wrong variable and without a value', () => {
    const wrong = {
      OVEN_URL: 'secret-value',
      FUNCTION_SECONDS: 'secret-value',
      TAPE_BLOBS_URLS: 'secret-value',
    };
    expect(() => readConfig(wrong)).toThrow(
      'Missing or wrong in the environment: FUNCTION_SECONDS, MONGODB_CONNECTION_STRING, MONGODB_NAME, OVEN_URL, TAPE_BLOBS_URLS.',
    );
  });

  test('The environment’s values hold, but a function gets no more time than Oven waits', () => {
    const config = readConfig({
      ...least,
      OVEN_CALLBACK_SECRET: 'a, b',
      AUTH0_DOMAIN: 'x.auth0.com',
      FUNCTION_SECONDS: '900',
    });
    expect(config).toMatchObject({ callbackSecrets: ['a', 'b'], seconds: 28 });
    expect(config.auth0?.href).toBe('https://x.auth0.com/');
  });
});

describe('what the functions repeat of the service', () => {
  test('The pattern of a slug is the one of the service', () =>
    expect(SLUG.source).toBe(SERVICE_SLUG.source));

  test.each(['mp4', 'thumbnail'] as const)('The file ending of the %s is the one of the service', (kind) => {
    expect(ENDINGS[kind]).toBe(fileType(kind).ending);
  });

  test('The limit of a ZIP is the default of the service', () => {
    expect(MAX_ZIP_MB).toBe(LIMITS.zipBytes.default);
  });
});
