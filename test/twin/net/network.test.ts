import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canBootHosts } from '../host/can-boot.ts';
import { removeRun } from '../host/leftovers.ts';
import { openRun, type Run } from '../host/place.ts';
import { namespacesOf } from './namespace.ts';
import { type Attached, type Network, namespacePrefix, openNetwork } from './network.ts';
import { openSockets, type Sockets } from './sockets.ts';

const reason = canBootHosts();
const ADDRESSES = {
  web: '203.0.113.10',
  other: '203.0.113.11',
  friend: '198.51.100.10',
  stranger: '192.0.2.77',
};
const RESERVED = '203.0.113.200';

describe.skipIf(reason)(`a network between namespaces${reason ? ` (${reason})` : ''}`, () => {
  let run: Run;
  let network: Network;
  const at = {} as Record<keyof typeof ADDRESSES, Attached>;
  const sockets = {} as Record<keyof typeof ADDRESSES, Sockets>;

  beforeAll(async () => {
    run = await openRun(removeRun);
    network = await openNetwork(run.id);
    for (const label of Object.keys(ADDRESSES) as (keyof typeof ADDRESSES)[]) {
      at[label] = await network.attach(label, ADDRESSES[label]);
      sockets[label] = openSockets(at[label]);
    }
    for (const label of ['web', 'other'] as const) {
      for (const port of [80, 8080]) {
        await sockets[label].serve('0.0.0.0', port, (incoming, answer) => {
          answer.end(`${label} ${port} to ${incoming.socket.remoteAddress}`);
        });
      }
    }
  });

  afterAll(async () => {
    for (const part of Object.values(sockets)) await part.close();
    await network?.remove();
    await removeRun(run);
    expect(await namespacesOf(namespacePrefix(run.id))).toEqual([]);
  });

  const get = (from: keyof typeof ADDRESSES, host: string, port: number) =>
    new Promise<string>((resolve, reject) => {
      const asked = request({ host, port, agent: sockets[from].agent, timeout: 500 }, (answer) => {
        text(answer).then(resolve, reject);
      });
      asked.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      asked.end();
    });

  test('Without a firewall every host reaches every other by its own address', async () => {
    expect(await get('friend', ADDRESSES.web, 80)).toBe(`web 80 to ${ADDRESSES.friend}`);
    expect(await get('web', ADDRESSES.other, 8080)).toBe(`other 8080 to ${ADDRESSES.web}`);
    expect(await get('friend', ADDRESSES.web, 81)).toBe('ECONNREFUSED');
  });

  test('The network has no way out', async () => {
    for (const { exec } of [network.edge, ...Object.values(at)]) {
      const links = JSON.parse(await exec('ip', ['-j', 'link'])) as { ifname: string }[];
      expect(links.map(({ ifname }) => ifname).filter((name) => !/^(lo|eth0|to\d+)$/.test(name))).toEqual([]);
    }
    const routes = JSON.parse(await network.edge.exec('ip', ['-j', 'route'])) as { dst: string }[];
    expect(routes.map(({ dst }) => dst).sort()).toEqual(Object.values(ADDRESSES).sort());
  });

  test('A firewall admits the named traffic and drops the rest', async () => {
    await network.guard([
      {
        address: ADDRESSES.web,
        inbound: [{ protocol: 'tcp', ports: '80', peers: [`${ADDRESSES.friend}/32`] }],
        outbound: [{ protocol: 'tcp', ports: '8080', peers: ['0.0.0.0/0'] }],
      },
    ]);
    const tried = [
      ['friend', ADDRESSES.web, 80],
      ['friend', ADDRESSES.web, 8080],
      ['stranger', ADDRESSES.web, 80],
      ['web', ADDRESSES.other, 8080],
      ['web', ADDRESSES.other, 80],
      ['stranger', ADDRESSES.other, 80],
    ] as const;
    const reached = await Promise.all(tried.map(async ([from, to, port]) => opens(sockets[from], to, port)));
    expect(reached).toEqual([true, false, false, true, false, true]);
    await network.guard([]);
    expect(await opens(sockets.stranger, ADDRESSES.web, 80)).toBe(true);
  });

  test('A reserved address moves from host to host', async () => {
    await network.point(RESERVED, ADDRESSES.web);
    expect(await get('stranger', RESERVED, 80)).toBe(`web 80 to ${ADDRESSES.stranger}`);
    expect(await get('web', RESERVED, 80)).toMatch(/^web 80 to /);
    await network.point(RESERVED, ADDRESSES.other);
    // A new connection: what is open stays with the host that it was made to.
    sockets.stranger.agent.destroy();
    expect(await get('stranger', RESERVED, 80)).toBe(`other 80 to ${ADDRESSES.stranger}`);
    await network.point(RESERVED, undefined);
    expect(await opens(sockets.friend, RESERVED, 80)).toBe(false);
  });
});

/** Whether a connection is made; a firewall that drops does not say so, and half a second is long in one machine. */
async function opens(sockets: Sockets, host: string, port: number): Promise<boolean> {
  const giveUp = AbortSignal.timeout(500);
  return Promise.race([
    sockets.connect(host, port).then(
      (socket) => !!socket.destroy(),
      () => false,
    ),
    new Promise<boolean>((resolve) => giveUp.addEventListener('abort', () => resolve(false))),
  ]);
}
