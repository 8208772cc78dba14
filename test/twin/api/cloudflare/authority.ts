import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { Refusal } from '../refusal.ts';

/** Plays Cloudflare's authority for origin certificates. */
export interface Authority {
  /** Its own certificate, PEM: for who is to trust what it signed. */
  certificate(): Promise<string>;
  /** Signs a request for these names. Throws Refusal for an invalid request, or one that its own key did not sign. */
  sign(request: string, how: { hostnames: readonly string[]; days: number }): Promise<X509Certificate>;
  close(): Promise<void>;
}

/** An authority of the twin's own; it makes its key when it is first needed, by openssl. */
export function openAuthority(): Authority {
  let ready: Promise<string> | undefined;
  const made = () => {
    ready ??= make();
    return ready;
  };
  return {
    certificate: async () => readFile(join(await made(), 'ca.pem'), 'utf8'),
    sign: async (request, { hostnames, days }) => {
      const folder = await made();
      const id = createHash('sha256').update(request).digest('hex').slice(0, 16);
      const [csr, names, leaf] = ['csr', 'ext', 'pem'].map((end) => join(folder, `${id}.${end}`)) as [
        string,
        string,
        string,
      ];
      await writeFile(csr, request);
      const verified = await execa('openssl', ['req', '-verify', '-noout', '-in', csr], { reject: false });
      if (verified.exitCode !== 0 || /failure/i.test(verified.stderr)) {
        throw new Refusal(400, 'Failed to parse the CSR', 1010);
      }
      const extensions = `subjectAltName=${hostnames.map((name) => `DNS:${name}`).join(',')}\n`;
      await writeFile(names, `${extensions}extendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n`);
      const ca = ['-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca.key'), '-CAcreateserial'];
      await execa('openssl', [
        'x509',
        '-req',
        '-in',
        csr,
        '-out',
        leaf,
        ...ca,
        '-days',
        String(days),
        '-extfile',
        names,
      ]);
      return new X509Certificate(await readFile(leaf, 'utf8'));
    },
    close: async () => {
      if (ready) await rm(await ready, { recursive: true, force: true });
    },
  };
}

async function make(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'oven-authority-'));
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    join(folder, 'ca.key'),
  ];
  const subject = ['-subj', '/O=Twin of Cloudflare/CN=Origin authority of a test', '-days', '7300'];
  await execa('openssl', ['req', '-x509', ...key, '-out', join(folder, 'ca.pem'), ...subject]);
  return folder;
}
