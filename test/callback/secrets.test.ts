import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { openSecrets } from '../../service/callback/secrets.ts';

const RAW = 'correct horse battery staple, gesalzen mit ü';
const WHSEC = `whsec_${randomBytes(24).toString('base64')}`;

/** What an independent implementation makes of it. */
function verifier(secret: string): Webhook {
  return secret.startsWith('whsec_')
    ? new Webhook(secret)
    : new Webhook(Buffer.from(secret), { format: 'raw' });
}

function headers(id: string, timestamp: number, signature: string) {
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signature };
}

describe('Accepted secrets', () => {
  const secrets = openSecrets([RAW, WHSEC]);

  it.each([RAW, WHSEC])(
    'An accepted secret has a fingerprint that finds it and does not contain it',
    (secret) => {
      const fingerprint = secrets.accepts(secret)!;
      expect(secrets.find(fingerprint)).toBe(secret);
      expect(fingerprint).toMatch(/^[\w-]{16}$/);
      expect(openSecrets([secret]).accepts(secret)).toBe(fingerprint);
    },
  );

  it.each(['', 'x', RAW.slice(1), `${RAW} `, RAW.toUpperCase(), WHSEC.slice(6), `${RAW},${WHSEC}`])(
    'The secret %j is not accepted',
    (secret) => expect(secrets.accepts(secret)).toBeUndefined(),
  );

  it('The fingerprint of a secret that has left the list finds nothing', () => {
    const old = openSecrets(['old']).accepts('old')!;
    expect(secrets.find(old)).toBeUndefined();
    expect(secrets.current).toBe(RAW);
  });
});

describe('Signatures', () => {
  const now = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({ slug: 'tape', metadata: { title: 'süß' } });

  it.each([
    ['a raw secret', [RAW]],
    ['a whsec_ secret', [WHSEC]],
    ['both forms', [WHSEC, RAW]],
  ])('The standardwebhooks package accepts a signature by %s', (_form, list) => {
    const signature = openSecrets(list).sign('id-1', now, body);
    expect(signature.split(' ')).toHaveLength(list.length);
    for (const secret of list) {
      expect(verifier(secret).verify(body, headers('id-1', now, signature))).toEqual(JSON.parse(body));
      for (const [id, at, text] of [
        ['id-2', now, body],
        ['id-1', now - 1, body],
        ['id-1', now, `${body} `],
      ] as const) {
        expect(() => verifier(secret).verify(text, headers(id, at, signature))).toThrow();
      }
    }
  });
});

describe('Unusable lists of secrets', () => {
  it.each([
    ['no secret', []],
    ['an empty secret', [RAW, '']],
    ['whsec_ and nothing more', ['whsec_']],
    ['whsec_ without base64', ['whsec_n0t*base64!']],
    ['whsec_ without padding', ['whsec_YWI']],
  ])('A list with %s is refused without showing a secret', (_what, list) => {
    expect(() => openSecrets(list)).toThrow(TypeError);
    for (const secret of list.filter((one) => one.length > 6)) {
      expect(() => openSecrets(list)).not.toThrow(secret);
    }
  });
});
