import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderUserData } from '../../cloud-init/user-data.ts';
import { releaseSteps } from '../../infra/release/commands.ts';
import { canBootHosts } from '../twin/host/can-boot.ts';
import { type Cloud, openCloud } from '../twin/host/cloud.ts';
import { makeKey } from '../twin/host/ssh.ts';

const reason = canBootHosts();

/** Takes apt's sources away before packages are installed, as when a mirror is out of reach at the first boot. */
const SPOILT = 'bootcmd:\n  - [mv, /etc/apt/sources.list, /root/sources.list]\n';

describe.skipIf(reason)(`a first boot that goes wrong${reason ? ` (${reason})` : ''}`, () => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud();
  }, 120_000);
  afterAll(() => cloud?.close(), 120_000);

  test('prepare installs packages that the first boot left out, and says so', {
    timeout: 600_000,
  }, async () => {
    const { folder } = cloud.run;
    const [login, hostKey] = [await makeKey(folder, 'login'), await makeKey(folder, 'host-key')];
    const userData = renderUserData({
      hostKey: hostKey.privateKey,
      hostPublicKey: hostKey.publicKey,
      authorizedKeys: [login.publicKey],
    });
    const host = await cloud.boot({
      userData: userData + SPOILT,
      packages: 'to install',
      login: { user: 'root', keyFile: login.file, hostKey: hostKey.publicKey },
    });
    await host.reachable();
    const [prepare] = releaseSteps({ hash: '0123456789abcdef', file: 'x', certificate: true });
    if (prepare?.kind !== 'command') throw new Error('the first step is no command');
    const before = 'OVEN_APT_PAUSES="0 1"\n';

    const hopeless = await host.run(before + prepare.create, { timeoutSeconds: 300 });
    expect(hopeless).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("oven: can't be installed: caddy ffmpeg"),
    });
    expect((await host.run('command -v ffmpeg')).exitCode).not.toBe(0);

    await host.sh('mv /root/sources.list /etc/apt/sources.list');
    const mended = await host.run(before + prepare.create, { timeoutSeconds: 300 });
    expect(mended.exitCode, mended.stderr).toBe(0);
    expect(mended.stdout).toMatch(/the first boot left out caddy ffmpeg .*: installing\noven: all packages/);
    await host.sh('ffmpeg -version && redis-server --version && caddy version');
    expect((await host.run(prepare.create)).stdout).not.toContain('installing');
  });
});
