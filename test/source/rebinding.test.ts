import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

/** Runs a command in a network namespace where a public address belongs to this machine. */
function inOwnNetwork(...command: string[]) {
  const script = 'ip link set lo up && ip address add 93.184.216.34/32 dev lo && exec "$@"';
  return execa('unshare', ['--map-root-user', '--net', 'sh', '-c', script, 'sh', ...command], {
    reject: false,
    timeout: 50_000,
    env: { NODE_NO_WARNINGS: '1' },
  });
}

const may = (await inOwnNetwork('true')).exitCode === 0;

describe.skipIf(!may)('DNS rebinding (needs the right to make a network namespace)', () => {
  it('A name whose address changes between lookups never leads to a private address', async () => {
    const { stdout, stderr } = await inOwnNetwork(
      process.execPath,
      join(import.meta.dirname, 'rebinding.ts'),
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      plain: { outcome: 9, lookups: 1, outside: 1, inside: 0 },
      changed: { outcome: 9, lookups: 1, outside: 1, inside: 0 }, // the checked address is the connected one
      mixed: { outcome: 9, lookups: 1, outside: 1, inside: 0 },
      secondHop: { outcome: 'SOURCE_PRIVATE_ADDRESS', lookups: 2, outside: 1, inside: 0 },
      literalHop: { outcome: 'SOURCE_PRIVATE_ADDRESS', lookups: 1, outside: 1, inside: 0 },
    });
  });
});
