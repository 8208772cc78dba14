import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { callbackBody as readerSchema } from '../../netlify/lib/callback/body.ts';
import { callbackBody } from '../../service/callback/deliver.ts';
import { openSecrets } from '../../service/callback/secrets.ts';
import { failureBody, type Outcome, successBody } from '../../service/schemas/outcome.ts';
import type { BakeRequest } from '../../service/schemas/request.ts';

const secrets = openSecrets(['a secret']);
const request: BakeRequest = {
  mongoId: '0123456789abcdef01234567',
  slug: '2026.11.24.10.30.00.123',
  zipUrl: 'https://art.test/t.zip',
  callbackUrl: 'https://site.test/hook',
  code: 'abc',
  publish: false,
  metadata: { piece: 'prompt' },
  outputs: [],
  secretFingerprint: secrets.accepts('a secret')!,
};
const outputs = { mp4: 'https://b.test/tapes/t.mp4', thumbnail: 'https://b.test/tapes/t-thumb.jpg' };
const keys = { mp4: 'tapes/t.mp4' };
const thumbnail = { width: 80, height: 60, thumbHash: 'IQgOFYIIiIeIeIeIeHeIeIh3iId4' };
const facts = { width: 80, height: 60, duration: 1.5, bytes: 1234, thumbnail, timings: { encoding: 1 } };
const result = { ...facts, outputs, keys };
const failure = { code: 'NOT_A_ZIP', message: 'The file is not a ZIP.', retryable: false };

const cases: [string, Outcome, z.ZodObject][] = [
  ['success', { result }, successBody],
  ['failure', { failure }, failureBody],
];

describe.each(cases)('The callback of a %s', (_, outcome, schema) => {
  const body = JSON.parse(JSON.stringify(callbackBody(request, outcome, secrets)));

  it('The callback body has every field of its schema, and no other', () => {
    expect(z.strictObject(schema.shape).parse(body)).toEqual(body);
    expect(Object.keys(body).sort()).toEqual(Object.keys(schema.shape).sort());
  });

  it('The functions of the site read the callback body, and no field that is not in its schema', () => {
    const read = readerSchema.parse(body);
    expect(body).toMatchObject(read);
    expect(Object.keys(schema.shape)).toEqual(expect.arrayContaining(Object.keys(read)));
    const [failureReader, successReader] = readerSchema.options;
    const reader = 'failure' in outcome ? failureReader : successReader;
    expect(Object.keys(schema.shape)).toEqual(expect.arrayContaining(Object.keys(reader.shape)));
  });
});
