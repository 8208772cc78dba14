import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BALANCER, DROPLET, FIREWALL, PUBLIC_KEY } from '../twin/api/examples.ts';
import { openRig, type Rig } from '../twin/api/rig.ts';

let rig: Rig;
let folder: string;
beforeAll(async () => {
  rig = await openRig();
  folder = await mkdtemp(join(tmpdir(), 'oven-left-'));
  await mkdir(join(folder, 'bin'));
});
afterAll(async () => {
  await rig.api.close();
  await rm(folder, { recursive: true });
});

/** What the command says where the stack's state has these resources. */
async function said(resources: readonly object[], ...args: string[]) {
  await writeFile(join(folder, 'state.json'), JSON.stringify({ version: 3, deployment: { resources } }));
  // Stands in for Pulumi, which is asked for the state.
  await writeFile(
    join(folder, 'bin', 'pulumi'),
    `#!/bin/sh\ntest "$1 $2" = 'stack export' && cat '${folder}/state.json'\n`,
  );
  await chmod(join(folder, 'bin', 'pulumi'), 0o755);
  const { exitCode, stdout, stderr } = await execa(process.execPath, ['scripts/leftovers.ts', ...args], {
    env: {
      PATH: `${folder}/bin:${process.env.PATH}`,
      DIGITALOCEAN_TOKEN: rig.api.tokens.digitalocean,
      // The script's paths begin with /v2 themselves.
      DIGITALOCEAN_API_URL: rig.api.digitalocean,
    },
    reject: false,
  });
  return { exitCode, lines: stdout.split('\n'), stderr };
}

describe('npm run leftovers', () => {
  it('The command names exactly what has the stack’s tag or name and is not in its state', async () => {
    const { ok, droplet: boot } = rig;
    const key = (await ok(201, 'POST', '/v2/account/keys', { name: 'login-0123abc', public_key: PUBLIC_KEY }))
      .ssh_key;
    const make = async (more: object = {}) => (await boot({ ssh_keys: [key.id], ...more })).id;
    const [kept, lost, other] = [await make(), await make(), await make({ tags: ['else'] })];
    const { firewall } = await ok(202, 'POST', '/v2/firewalls', FIREWALL);
    const { load_balancer: balancer } = await ok(202, 'POST', '/v2/load_balancers', BALANCER);
    const queue = await make({ name: 'oven-queue', tags: ['oven-queue'] });
    const { reserved_ip: address } = await ok(202, 'POST', '/v2/reserved_ips', { region: DROPLET.region });
    const spaces = { name: 'oven-blobs', grants: [] };
    const { key: spacesKey } = await ok(201, 'POST', '/v2/spaces/keys', spaces);
    const tag = { type: 'digitalocean:index/tag:Tag', id: 'oven' };
    const droplet = { type: 'digitalocean:index/droplet:Droplet', id: String(kept) };
    const queueTag = { type: 'digitalocean:index/tag:Tag', id: 'oven-queue' };
    const everything = await said([queueTag, tag, droplet]);
    expect(everything).toMatchObject({ exitCode: 1, stderr: '' });
    expect(everything.lines).toEqual([
      expect.stringMatching(new RegExp(`^droplet ${lost} .*: doctl compute droplet delete ${lost}$`)),
      expect.stringContaining(`droplet ${queue} (oven-queue`),
      expect.stringContaining(`address ${address.ip}, which leads nowhere`),
      expect.stringContaining(`SSH key ${key.id} (login-0123abc)`),
      expect.stringContaining(`Spaces key ${spacesKey.access_key} (oven-blobs)`),
      expect.stringContaining(`firewall ${firewall.id} (oven)`),
      expect.stringContaining(`load balancer ${balancer.id} (oven)`),
      '7 left over. Nothing was changed.',
    ]);
    expect(everything.lines.join()).not.toContain(String(other));
    const ids = [lost, address.ip, key.id, spacesKey.access_key, firewall.id, balancer.id, queue];
    const nothing = await said([tag, droplet, ...ids.map((id) => ({ type: 'x', id: String(id) }))]);
    expect(nothing).toEqual({ exitCode: 0, lines: ['Nothing was left over.'], stderr: '' });
    expect(rig.api.calls.at(-1)?.method).toBe('GET');
  });

  it('The command needs a name, from the state’s tag or from its user', async () => {
    expect(await said([])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--name NAME') });
    expect((await said([], '--name', 'nobody')).lines.at(-1)).toMatch(/left over/);
  });
});
