import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from './tool.ts';

/** An authority, and the file with a certificate of it for an address and its key, as the program makes them. */
export function makeCertificates(folder: string, address: string) {
  const path = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const files = (name: string) => ['-keyout', path(`${name}.key`), '-out', path(`${name}.pem`)];
  check('openssl', ['req', '-x509', ...key, '-subj', '/CN=authority', ...files('authority')]);
  const signed = ['-CA', path('authority.pem'), '-CAkey', path('authority.key')];
  const subject = ['-subj', '/CN=queue', '-addext', `subjectAltName=IP:${address}`];
  check('openssl', ['req', '-x509', ...key, ...subject, ...signed, ...files('queue')]);
  writeFileSync(path('both.pem'), readFileSync(path('queue.pem')) + readFileSync(path('queue.key'), 'utf8'));
  return { authority: readFileSync(path('authority.pem'), 'utf8'), both: path('both.pem') };
}
