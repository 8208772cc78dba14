import { readFile } from 'node:fs/promises';

/** The suite that hosts are to have, such as `trixie`; without it, this machine's own. */
const ASKED = process.env.OVEN_TWIN_SUITE;

/** The suite of the hosts: one of the distribution whose sources this machine has. */
export function suiteOfHosts(own: string): string {
  return ASKED || own;
}

/** The code name of this machine's release. Throws where it has none. */
export async function ownSuite(): Promise<string> {
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  if (codename === undefined) throw new Error('this machine does not say which release it is');
  return codename;
}
