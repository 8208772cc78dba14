import { createHash } from 'node:crypto';

const MAGIC = 'openssh-key-v1\0';

/**
 * The public half of a private key in OpenSSH's format, as `TYPE DATA`; undefined for another format and for a key with a passphrase. The file
 * has it before the private half, so this reads no secret.
 */
export function publicKeyOf(privateKey: string): string | undefined {
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(privateKey)?.[1];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  if (bytes.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) return undefined;
  let at = MAGIC.length;
  const field = () => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  try {
    const [cipher] = [field(), field(), field()];
    at += 4; // the number of keys, which is 1
    const key = field();
    const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
    return cipher?.toString('latin1') === 'none' ? `${type} ${key.toString('base64')}` : undefined;
  } catch {
    return undefined;
  }
}

/** DigitalOcean's fingerprint of a public key: the MD5 of its bytes, in pairs of hexadecimal digits. */
export function fingerprintOf(publicKey: string): string {
  const bytes = Buffer.from(publicKey.split(/\s+/)[1] ?? '', 'base64');
  return (createHash('md5').update(bytes).digest('hex').match(/../g) ?? []).join(':');
}
