import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** An authority of a test's own, and what it signed. */
export interface Authority {
  /** The authority's certificate, for those who are to trust it. */
  readonly caFile: string;
  /** A name's certificate and its key, PEM. */
  issue(domain: string): Promise<{ readonly chain: string; readonly key: string }>;
}

/** Plays the authority that signs origin certificates. */
export async function openAuthority(folder: string): Promise<Authority> {
  const at = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const [caKey, caFile] = [at('ca.key'), at('ca.pem')];
  await openssl([
    'req',
    '-x509',
    ...key,
    '-keyout',
    caKey,
    '-out',
    caFile,
    '-days',
    '30',
    '-subj',
    '/CN=Twin CA',
  ]);
  return {
    caFile,
    issue: async (domain) => {
      const [leafKey, request, leaf, names] = ['key', 'csr', 'pem', 'ext'].map((end) =>
        at(`${domain}.${end}`),
      );
      await openssl(['req', ...key, '-keyout', leafKey!, '-out', request!, '-subj', `/CN=${domain}`]);
      await writeFile(names!, `subjectAltName=DNS:${domain}\n`);
      const signed = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial', '-days', '30', '-extfile', names!];
      await openssl(['x509', '-req', '-in', request!, '-out', leaf!, ...signed]);
      return { chain: await readFile(leaf!, 'utf8'), key: await readFile(leafKey!, 'utf8') };
    },
  };
}

async function openssl(args: readonly string[]): Promise<void> {
  await execa('openssl', args);
}
