import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fingerprintOf } from '../../../infra/openssh.ts';
import { PUBLIC_KEY } from './examples.ts';
import { findProvider, type Provider, startProvider } from './provider.ts';
import { openRig, type Rig } from './rig.ts';

const program = findProvider();

const FUNCTION = (name: string) => `digitalocean:index/${name}:${name}`;
const NOBODYS_KEY = { accessKey: 'DO00NOBODYSKEY' };

/** What the program takes for granted of DigitalOcean's real provider, asked of it. */
if (program === undefined) {
  test.skip("DigitalOcean's real provider is asked (skipped without pulumi-resource-digitalocean)", () => {});
} else
  describe('the real provider', () => {
    let rig: Rig;
    let provider: Provider;
    beforeEach(async () => {
      rig = await openRig();
      const { api } = rig;
      provider = await startProvider(program, {
        token: api.tokens.digitalocean,
        apiEndpoint: api.digitalocean,
      });
    });
    afterEach(async () => {
      await provider.close();
      await rig.api.close();
    });

    test('The real provider finds a key of the account by its fingerprint, and reads it by its id, as an import does', async () => {
      const { ssh_key: key } = await rig.ok(201, 'POST', '/v2/account/keys', {
        name: 'laptop',
        public_key: PUBLIC_KEY,
      });
      const { sshKeys } = await provider.invoke(FUNCTION('getSshKeys'), {});
      expect(sshKeys).toMatchObject([{ id: key.id, name: 'laptop', fingerprint: fingerprintOf(PUBLIC_KEY) }]);
      const read = await provider.read('digitalocean:index/sshKey:SshKey', String(key.id));
      expect(read).toMatchObject({ id: String(key.id), inputs: { name: 'laptop', publicKey: PUBLIC_KEY } });
    });

    test('The real provider tells a token without the scope for Spaces keys from a missing key', async () => {
      await expect(provider.invoke(FUNCTION('getSpacesKey'), NOBODYS_KEY)).rejects.toThrow(/: 404 /);
      rig.api.fault({ path: /spaces\/keys/, status: 403 });
      await expect(provider.invoke(FUNCTION('getSpacesKey'), NOBODYS_KEY)).rejects.toThrow(/: 403 /);
    });

    test('The real provider tells whether a droplet exists', async () => {
      const { id } = await rig.droplet();
      expect(await provider.invoke(FUNCTION('getDroplet'), { id })).toMatchObject({ id });
      await expect(provider.invoke(FUNCTION('getDroplet'), { id: 99 })).rejects.toThrow(/: 404 /);
    });

    test('The real provider makes a load balancer by its tag, and reads it as it was declared', async () => {
      await rig.ok(201, 'POST', '/v2/tags', { name: 'oven' });
      const type = 'digitalocean:index/loadBalancer:LoadBalancer';
      const declared = {
        name: 'oven',
        region: 'sfo3',
        sizeUnit: 1,
        dropletTag: 'oven',
        forwardingRules: [
          {
            entryProtocol: 'https',
            entryPort: 443,
            targetProtocol: 'https',
            targetPort: 443,
            tlsPassthrough: true,
          },
        ],
        healthcheck: {
          protocol: 'http',
          port: 8081,
          path: '/health/host',
          checkIntervalSeconds: 5,
          responseTimeoutSeconds: 3,
          healthyThreshold: 2,
          unhealthyThreshold: 2,
        },
        firewall: { allows: ['cidr:173.245.48.0/20'] },
      };
      const { id, outputs } = await provider.create(type, declared);
      expect(outputs).toMatchObject({ status: 'active', ip: '203.0.113.100', ...declared });
      expect((await provider.read(type, id, outputs)).id).toBe(id);
      await provider.delete(type, id, outputs);
      expect(rig.api.state.balancers.size).toBe(0);
    });

    test('The real provider crashes on an unassigned address, and a refresh removes the assignment', async () => {
      const { reserved_ip: address } = await rig.ok(202, 'POST', '/v2/reserved_ips', { region: 'sfo3' });
      const type = 'digitalocean:index/reservedIpAssignment:ReservedIpAssignment';
      const state = { ipAddress: address.ip, dropletId: 4711 };
      expect((await provider.read(type, 'x', state)).id).toBe('');
      // Once this fails, docs/deploy.md need not ask for a refresh any more.
      await expect(provider.delete(type, 'x', state)).rejects.toThrow();
    });
  });
