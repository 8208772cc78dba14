import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bucket } from '../../netlify/lib/config.ts';
import { openZips } from '../../netlify/lib/zips.ts';
import { freePort } from '../rig/port.ts';
import { describeS3, type S3Rig, startS3 } from '../rig/s3.ts';

const USER = 'auth0|somebody';
const READER = { key: 'a-reader', secret: 'secret-of-a-reader' };

describeS3('looking for the ZIP of a tape', () => {
  let s3: S3Rig;
  const logs: string[] = [];
  beforeAll(async () => {
    s3 = await startS3();
    await s3.make('art', 'private');
    await s3.make('user', 'private');
    await s3.addKey(READER.key, READER.secret);
    const put = (Bucket: string, Key: string, Body: string) =>
      s3.client.send(new PutObjectCommand({ Bucket, Key, Body }));
    await put('art', 'guestAb1.zip', 'a ZIP');
    await put('art', 'empty001.zip', '');
    await put('user', `${USER}/AbCdEfGhIjKlMnOp.zip`, 'a ZIP');
  }, 60_000);
  afterAll(() => s3?.stop());

  const zipsWith = (keys: Bucket['keys'], origin = s3.endpoint.origin) => {
    const bucket = (name: string, variables: Bucket['variables']): Bucket => {
      return { name, url: new URL(`${origin}/${name}`), keys, variables };
    };
    logs.length = 0;
    const log = (...line: unknown[]) => void logs.push(JSON.stringify(line));
    return openZips({ guest: bucket('art', 'ART_SPACES'), user: bucket('user', 'USER_SPACES') }, log);
  };
  const owner = () => ({ key: s3.key, secret: s3.secret });
  const now = () => AbortSignal.timeout(20_000);
  const guest = { slug: 'guestAb1' };

  test.each([
    ['a private ZIP of a guest', guest, true],
    [
      'a user’s draft, whose slug begins with the user',
      { slug: `${USER}/AbCdEfGhIjKlMnOp`, user: USER },
      true,
    ],
    ['the same by the part after the slash', { slug: 'AbCdEfGhIjKlMnOp', user: USER }, true],
    ['a guest’s tape that was uploaded as a user’s', { slug: 'AbCdEfGhIjKlMnOp' }, false],
    ['an empty file', { slug: 'empty001' }, false],
    ['nothing', { slug: 'nothing1' }, false],
  ])('With keys, it finds %s: %o %s', async (_what, tape, there) => {
    expect(await zipsWith(owner()).has(tape, now())).toBe(there);
  });

  test('Without keys a private ZIP is not there, and the log names the variables', async () => {
    expect(await zipsWith(undefined).has(guest, now())).toBe(false);
    expect(logs.join()).toMatch(/ZIP_FORBIDDEN.*"art".*ART_SPACES_KEY.*ART_SPACES_SECRET/);
  });

  test.each<[string, Bucket['keys'], ('s3:GetObject' | 's3:ListBucket')[], string, boolean | string]>([
    ['may read only', READER, ['s3:GetObject'], 'guestAb1', true],
    ['may read only', READER, ['s3:GetObject'], 'nothing1', false],
    [
      'may list only',
      READER,
      ['s3:ListBucket'],
      'guestAb1',
      'ART_SPACES_KEY lacks the permission s3:GetObject for art.',
    ],
    ['may list only', READER, ['s3:ListBucket'], 'nothing1', false],
    ['may do neither', READER, [], 'guestAb1', 's3:GetObject or s3:ListBucket for art.'],
    [
      'is unknown',
      { key: 'nobody', secret: 'x' },
      [],
      'guestAb1',
      'the storage does not know ART_SPACES_KEY.',
    ],
    [
      'has another secret',
      { ...READER, secret: 'x' },
      [],
      'guestAb1',
      'ART_SPACES_SECRET does not fit ART_SPACES_KEY.',
    ],
  ])('A key that %s: %o %o %s %s', async (_what, keys, actions, slug, expected) => {
    const others = actions.length > 0 ? actions : (['s3:ListBucket'] as const);
    await s3.allow('art', actions.length > 0 ? READER.key : s3.key, others);
    const asked = zipsWith(keys).has({ slug }, now());
    if (typeof expected === 'boolean') return expect(await asked).toBe(expected);
    const error = (await asked.catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ status: 503, code: 'STORAGE_DENIED' });
    expect(error.message).toContain(expected);
    expect(error.message).not.toContain(READER.secret);
  });

  test('A storage that does not answer is no missing ZIP', async () => {
    const nobody = zipsWith(owner(), `http://127.0.0.1:${await freePort()}`);
    await expect(nobody.has(guest, now())).rejects.toMatchObject({
      status: 503,
      code: 'STORAGE_UNAVAILABLE',
    });
  });
});
