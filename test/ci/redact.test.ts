import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from '../../scripts/ci/lib/redact.ts';

describe('no secret is left', () => {
  test.each([
    ['a value', 'token=hunter22!', ['hunter22!'], 'token=[secret]'],
    ['each of a list', 'new-one-1 old-one-2', ['new-one-1,old-one-2'], '[secret] [secret]'],
    ['each line of several', 'second line', ['first line\nsecond line'], '[secret]'],
    ['the longer of two that begin alike', 'abcdefgh', ['abcdef', 'abcdefgh'], '[secret]'],
    ['in a URL', '?k=a%2Fb%2Fc%2Fd', ['a/b/c/d'], '?k=[secret]'],
    ['in JSON', '{"k":"a\\"b\\"c\\"d"}', ['a"b"c"d'], '{"k":"[secret]"}'],
    ['in base64', Buffer.from('hunter22!').toString('base64'), ['hunter22!'], '[secret]'],
    ['a short word stays', 'prod is prod', ['prod'], 'prod is prod'],
    ['none at all', 'plain', [], 'plain'],
  ])('A secret is removed: %s', (_what, text, secrets, clean) => {
    expect(redact(text, secrets)).toBe(clean);
  });

  test.each([
    ['a key', '-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----'],
    ['a key that was cut off', '-----BEGIN PRIVATE KEY-----\nabc\nand so on'],
    ["DigitalOcean's token", `dop_v1_${'0123456789abcdef'.repeat(4)}`],
    ['an access key of Spaces', 'DO00ABCDEFGHJKLMNPQR'],
    ["Pulumi's token", `pul-${'a'.repeat(40)}`],
    ["GitHub's token", `ghs_${'a'.repeat(36)}`],
  ])('A secret is removed by its form: %s', (_what, secret) => {
    expect(redact(`before ${secret}`, [])).toBe('before [secret]');
  });

  test('Any secret is removed at any place', () => {
    const secret = fc.string({ minLength: 6, maxLength: 40 }).filter((text) => text.trim().length >= 6);
    const property = fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
      fc.pre(!'[secret]'.includes(value.trim()));
      const clean = redact(before + value.trim() + after, [value]);
      return !clean.replaceAll('[secret]', '').includes(value.trim());
    });
    fc.assert(property, { numRuns: 300 });
  });
});
