import { execaSync } from 'execa';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'];

/** A request for a certificate of a name, by openssl, whose key nobody keeps. */
export function csrFor(name: string): string {
  return `${execaSync('openssl', ['req', '-new', ...NEW_KEY, '-subj', `/CN=${name}`]).stdout}\n`;
}
