import type { Cloud } from './cloud.ts';
import type { Login } from './host.ts';
import { makeKey } from './ssh.ts';

/** User-data that does no more than let in the one who wrote it; and with what. */
export interface PlainUser {
  readonly userData: string;
  readonly login: Login;
}

/** A user who may do everything, a pinned host key, and `packages`: to try the rig itself with. */
export async function plainUser({ run }: Cloud, packages: readonly string[] = []): Promise<PlainUser> {
  const [key, hostKey] = [await makeKey(run.folder, 'user'), await makeKey(run.folder, 'host')];
  const config = {
    users: [
      {
        name: 'op',
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        shell: '/bin/bash',
        ssh_authorized_keys: [key.publicKey],
      },
    ],
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    ssh_pwauth: false,
    packages,
  };
  return {
    userData: `#cloud-config\n${JSON.stringify(config)}\n`,
    login: { user: 'op', keyFile: key.file, hostKey: hostKey.publicKey.split(' ').slice(0, 2).join(' ') },
  };
}
