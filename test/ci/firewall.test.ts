import { describe, expect, test } from 'vitest';
import { mayCancel, openedFirewall } from '../../scripts/ci/lib/firewall.ts';

const NETWORK = '20.51.1.2/32';
const URN = 'urn:pulumi:prod::oven::oven:host:Host$digitalocean:index/firewall:Firewall::firewall';
const firewall = (id: string | undefined, ...sourceAddresses: string[]) => ({
  urn: URN,
  type: 'digitalocean:index/firewall:Firewall',
  ...(id === undefined ? {} : { id }),
  inputs: { inboundRules: [{ sourceAddresses }, { sourceAddresses: ['173.245.48.0/20'] }, {}] },
});
const other = { ...firewall('f-2', NETWORK), type: 'digitalocean:index/tag:Tag', urn: 'urn:other' };

describe('a firewall is opened', () => {
  test.each([
    ['by the state', [firewall('f-1', '198.51.100.7/32', NETWORK)], [], { urn: URN, id: 'f-1' }],
    ['by an interrupted update', [firewall('f-1')], [firewall('f-1', NETWORK)], { urn: URN, id: 'f-1' }],
    [
      'while the id is in the state',
      [firewall('f-1')],
      [firewall(undefined, NETWORK)],
      { urn: URN, id: 'f-1' },
    ],
    ['while it was being made', [], [firewall('', NETWORK)], { urn: URN, id: undefined }],
    ['no firewall without the network', [firewall('f-1', '20.51.1.0/24')], [], undefined],
    ['no firewall when another resource has the network', [other], [], undefined],
    ['no firewall in an empty state', [], [], undefined],
  ])('The opened firewall is found: %s', (_how, resources, pending, expected) => {
    const operations = pending.map((resource) => ({ resource, type: 'updating' }));
    const state = { version: 3, deployment: { resources, pending_operations: operations } };
    expect(openedFirewall(state, NETWORK)).toEqual(expected);
  });

  test('A stack that was never deployed has no open firewall', () => {
    expect(openedFirewall({ deployment: {} }, NETWORK)).toBeUndefined();
    expect(openedFirewall({}, NETWORK)).toBeUndefined();
  });
});

describe('a lock', () => {
  const space = (...hosts: string[]) =>
    [
      `error: the stack is currently locked by ${hosts.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.`,
      ...hosts.map((host) => `  s3://b/x.json: created by runner@${host} (pid 7) at 2026-11-24T11:00:00Z`),
    ].join('\n');
  const cloud = 'error: [409] Conflict: Another update is currently in progress.';

  test.each([
    ['of this machine, in a Space', space('fv-1'), 'cancelled', true],
    ['of this machine, when a limit ended the update', space('fv-1'), 'failure', true],
    ["of somebody's machine", space('laptop'), 'cancelled', false],
    ['of a machine whose name begins alike', space('fv-11'), 'cancelled', false],
    ['of this machine and another', space('fv-1', 'laptop'), 'cancelled', false],
    ['of Pulumi Cloud, after a kill', cloud, 'cancelled', true],
    ['of Pulumi Cloud, after an end in order', cloud, 'failure', false],
    ['that is none', 'error: no such host', 'cancelled', false],
    ['that names nobody', 'the stack is currently locked by 1 lock(s).', 'cancelled', false],
  ])('A lock %s may be removed only by its owner or after a kill', (_whose, message, outcome, expected) => {
    expect(mayCancel(message, 'fv-1', outcome)).toBe(expected);
  });
});
