import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprintOf, publicKeyOf } from '../../infra/openssh.ts';
import { openSshKey } from '../../infra/schemas.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oven-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A key that ssh-keygen made, with what ssh-keygen says of it. */
function made(name: string, ...args: string[]) {
  const file = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-f', file, ...args]);
  const line = execFileSync('ssh-keygen', ['-l', '-E', 'md5', '-f', `${file}.pub`], { encoding: 'utf8' });
  return {
    privateKey: readFileSync(file, 'utf8'),
    publicKey: readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ').trim(),
    fingerprint: /MD5:([0-9a-f:]+)/.exec(line)?.[1],
  };
}

describe('keys in OpenSSH’s format', () => {
  it.each([['ed25519'], ['rsa'], ['ecdsa']])(
    'The public half of a private %s key in OpenSSH’s format is found',
    (type) => {
      const { privateKey, publicKey, fingerprint } = made(type, '-t', type, '-N', '');
      expect(publicKeyOf(privateKey)).toBe(publicKey);
      expect(publicKeyOf(`\n${privateKey.replaceAll('\n', '\r\n')}`)).toBe(publicKey);
      expect(fingerprintOf(`${publicKey} me@laptop`)).toBe(fingerprint);
    },
  );

  it('A private key with a passphrase, in another format or cut short is refused', () => {
    const plain = made('plain', '-t', 'ed25519', '-N', '').privateKey;
    const unusable = {
      passphrase: made('locked', '-t', 'ed25519', '-N', 'a passphrase').privateKey,
      pem: made('pem', '-t', 'rsa', '-m', 'PEM', '-N', '').privateKey,
      cut: plain.replace(/\n.{60}[\s\S]*\n-----END/, '\nAAAA\n-----END'),
      nothing: '',
    };
    for (const [what, key] of Object.entries(unusable)) {
      expect(publicKeyOf(key), what).toBeUndefined();
      expect(openSshKey.safeParse(key).error?.issues[0]?.message, what).toMatch(/without a passphrase/);
    }
  });
});
