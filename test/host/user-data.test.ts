import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderUserData } from '../../cloud-init/user-data.ts';
import { sshKey } from './keys.ts';
import { check, has } from './tool.ts';

const PUBLIC = `ssh-ed25519 AAAA${'x'.repeat(60)}`;
const PRIVATE = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\nNzaC1r\n-----END OPENSSH PRIVATE KEY-----\n';
const options = {
  hostKey: PRIVATE,
  hostPublicKey: `${PUBLIC}\n`,
  authorizedKeys: [`${PUBLIC} deploy`],
};

describe('user-data', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oven-user-data-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('User-data is equal to the golden file', async () => {
    await expect(renderUserData(options)).toMatchFileSnapshot('golden/user-data.yaml');
  });

  it('User-data has the keys unchanged', () => {
    const { privateKey, publicKey } = sshKey();
    const data = parse(
      renderUserData({ hostKey: privateKey, hostPublicKey: publicKey, authorizedKeys: [publicKey] }),
    );
    expect(data.ssh_keys).toEqual({ ed25519_private: privateKey, ed25519_public: publicKey });
    expect(data.ssh_authorized_keys).toEqual([publicKey]);
  });

  it.skipIf(!has('cloud-init'))('cloud-init accepts user-data (skipped without cloud-init)', () => {
    const file = join(folder, 'user-data.yaml');
    writeFileSync(file, renderUserData(options));
    const { code, text } = check('cloud-init', ['schema', '--config-file', file]);
    expect(text).toContain('Valid cloud-config');
    expect(code).toBe(0);
    writeFileSync(file, renderUserData(options).replace('package_update: true', 'package_update: [1]'));
    expect(check('cloud-init', ['schema', '--config-file', file]).code).not.toBe(0);
  });

  it.each([
    ['a public key of two lines', { hostPublicKey: `${PUBLIC}\nruncmd: [reboot]` }, /hostPublicKey/],
    ['an authorized key with a quote in its place', { authorizedKeys: ['"'] }, /authorizedKeys/],
    ['no authorized key', { authorizedKeys: [] }, /authorizedKeys/],
    ['a private key of another format', { hostKey: PRIVATE.replaceAll('OPENSSH', 'EC') }, /hostKey/],
  ])('User-data is refused for %s', (_what, change, message) => {
    expect(() => renderUserData({ ...options, ...change })).toThrow(message);
  });
});
