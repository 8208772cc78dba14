import { execaSync } from 'execa';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'];

/** A certificate request for a name, by openssl. Its key is not kept. */
export function csrFor(name: string): string {
  return `${execaSync('openssl', ['req', '-new', ...NEW_KEY, '-subj', `/CN=${name}`]).stdout}\n`;
}
