import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PACKAGES } from '../../cloud-init/user-data.ts';
import { named, PlayedHost } from './host.ts';

/** Says of each package whether it is there, by a list of those that are. */
const DPKG_QUERY = `#!/bin/bash
grep -qx "\${@: -1}" "$FAKE/installed" && printf installed
`;
/** Installs what it is told to, unless the test says how often it is to fail. */
const APT_GET = `#!/bin/bash
printf 'apt-get %s\\n' "$*" >>"$FAKE/calls"
case " $* " in
  *' install '*) ;;
  *) exit 0 ;;
esac
failures=$(cat "$FAKE/failures" 2>/dev/null || echo 0)
if ((failures > 0)); then
  echo $((failures - 1)) >"$FAKE/failures"
  echo 'E: Could not get lock /var/lib/dpkg/lock-frontend' >&2
  exit 100
fi
for name in \${*##* install }; do echo "$name" >>"$FAKE/installed"; done
`;
const CLOUD_INIT = `#!/bin/bash
case $* in *--long*) echo 'errors: - the first boot went wrong' ;; esac
exit "$(cat "$FAKE/cloud-init-code" 2>/dev/null || echo 0)"
`;

const FULL = PACKAGES.join('\n');
const WITHOUT = PACKAGES.filter((name) => name !== 'ffmpeg' && name !== 'caddy').join('\n');

/** A host after its first boot. */
async function booted(installed: string, files: Record<string, string> = {}) {
  const host = await PlayedHost.boot();
  const programs = {
    'dpkg-query': DPKG_QUERY,
    'apt-get': APT_GET,
    'cloud-init': CLOUD_INIT,
    dpkg: '#!/bin/sh\n',
    id: '#!/bin/sh\ntest ! -f "$FAKE/no-user"\n',
  };
  for (const [name, text] of Object.entries(programs)) {
    host.write(`bin/${name}`, text);
    chmodSync(`${host.root}/bin/${name}`, 0o755);
  }
  host.write('etc/ssh/sshd_config.d/10-oven.conf', '');
  host.write('fake/installed', `${installed}\n`);
  for (const [path, content] of Object.entries(files)) host.write(path, content);
  const prepare = () => {
    const before = `PATH='${host.root}/bin':$PATH; OVEN_APT_PAUSES='0 0 0 0'\n`;
    return host.step('prepare', named(1), '', before);
  };
  const installs = () => host.calls().filter((call) => call.includes(' install '));
  return { host, prepare, installs };
}

describe('prepare', () => {
  it('prepare waits for the first boot, and changes nothing when it went well', async () => {
    const { host, prepare, installs } = await booted(FULL);
    using _ = host;
    expect(prepare()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(installs()).toEqual([]);
  });

  it('prepare installs packages that the first boot could not install, with retries, and says so', async () => {
    const { host, prepare, installs } = await booted(WITHOUT, {
      'fake/cloud-init-code': '1',
      'fake/failures': '2',
    });
    using _ = host;
    const { code, stdout } = prepare();
    expect({ code, stdout: stdout.trim().split('\n') }).toEqual({
      code: 0,
      stdout: [
        'oven: cloud-init says that the first boot did not go well',
        'oven: the first boot left out caddy ffmpeg: installing',
        'oven: that did not work; trying again',
        'oven: that did not work; trying again',
        'oven: all packages are installed now',
      ],
    });
    expect(installs()).toHaveLength(3);
    for (const call of installs()) expect(call).toMatch(/DPkg::Lock::Timeout=\d+ .* install caddy ffmpeg$/);
    // cloud-init goes on saying that it failed; that is of the past.
    expect(prepare().code).toBe(0);
    expect(installs()).toEqual([]);
  });

  it('prepare fails and names packages that can’t be installed', async () => {
    const { host, prepare } = await booted(WITHOUT, { 'fake/failures': '99' });
    using _ = host;
    const { code, stderr } = prepare();
    expect(code).toBe(1);
    expect(stderr).toContain('Could not get lock');
    expect(stderr.trim().split('\n').at(-1)).toBe("oven: can't be installed: caddy ffmpeg");
  });

  it.each([['fake/no-user'], ['no file']])(
    'prepare refuses a host without its user or files: %s',
    async (what) => {
      const { host, prepare } = await booted(FULL, { 'fake/cloud-init-code': '1', [what]: '' });
      using _ = host;
      if (what === 'no file') host.remove('etc/ssh/sshd_config.d/10-oven.conf');
      expect(prepare()).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('errors: - the first boot'),
      });
    },
  );
});
