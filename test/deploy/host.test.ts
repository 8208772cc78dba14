import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Release } from '../../infra/release/build.ts';
import { until } from '../rig/until.ts';
import { canBootHosts } from '../twin/host/can-boot.ts';
import type { TwinHost } from '../twin/host/host.ts';
import { expectStrict, expectWatched } from './machine.ts';
import { rebootHandedOver, replaceHost } from './replace.ts';
import { spacesGap } from './spaces.ts';
import { CHANGES, releaseOf } from './trees.ts';
import { type Booted, openWorld, type World } from './world.ts';

/** `npm run test:deploy` also runs the long steps, which take minutes more. */
const LONG = process.env.OVEN_TEST_DEPLOY === 'long';
const reason = canBootHosts() ?? spacesGap;

/** Each step needs the steps before it: after one has failed, the others are skipped. */
describe.skipIf(reason)(`deployed host${reason ? ` (${reason})` : ''}`, { timeout: 300_000 }, () => {
  let world: World;
  let booted: Booted;
  let host: TwinHost;
  let first: Release;
  let second: Release;
  /** What serves before `second`. */
  let served: Release;
  let failed = false;

  /** Adds a step, which is skipped after an earlier one has failed. */
  const step = (name: string, work: () => Promise<void>, form: 'always' | 'long' = 'always') => {
    if (form === 'long' && !LONG) return;
    test(name, async ({ skip }) => {
      if (failed) skip('a step before failed');
      failed = true;
      await work();
      failed = false;
    });
  };

  beforeAll(async () => {
    world = await openWorld();
    first = await releaseOf(world.site);
    booted = await world.boot('oven', { packages: LONG ? 'to install' : 'installed' });
    host = booted.host;
    second = await releaseOf(world.site, CHANGES.good);
  }, 900_000);

  afterAll(() => world?.close(), 120_000);

  const health = async () => JSON.parse((await world.ask('/health')).text) as { release: string };
  const calledBack = async (slugs: readonly string[], seconds = 150) => {
    const missing = () => slugs.filter((slug) => world.callbacks.of(slug) === undefined);
    await until('every callback', () => missing().length === 0, seconds).catch(() => {});
    expect(missing(), `tapes that were not called back in ${seconds} s`).toEqual([]);
  };
  const allGood = (slugs: readonly string[]) => {
    for (const slug of slugs) expect(world.callbacks.of(slug)?.body).toMatchObject({ mongoId: `id-${slug}` });
    for (const slug of slugs) expect(world.callbacks.of(slug)?.body).not.toHaveProperty('error');
  };

  step('A host boots with the user-data of the program, and cloud-init ends well', async () => {
    await host.ready();
    const about = await host.sh(
      '. /etc/os-release; echo "$PRETTY_NAME"; cloud-init --version; systemctl --version | head -n 1',
    );
    tell('host', about.replaceAll('\n', ', '));
    expect(await host.sh('cloud-init status')).toBe('status: done');
    expect(await host.sh('id oven && sshd -T | grep -E "^(passwordauthentication|permitrootlogin)"')).toMatch(
      /oven[\s\S]*passwordauthentication no/,
    );
  });

  step('The commands of the program bring the first release', async () => {
    expect(booted.plan.release).toBe(first.hash);
    const results = await world.up(booted);
    tell('first release', results.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`).join(', '));
    for (const one of results) expect(one).toMatchObject({ exitCode: 0 });
    expect(results.map(({ name }) => name)).toEqual(booted.plan.acts.map(({ name }) => name));
    expect(await world.ask('/health')).toMatchObject({ status: 200, version: '2' });
    expect(await health()).toMatchObject({ status: 'healthy', release: first.hash });
  });

  step('The firewall of the program lets in SSH from the operator and HTTPS from the proxy', async () => {
    const { client, sockets } = world.cloud;
    const reaches = async (port: number) =>
      Promise.race([
        sockets.connect(host.address, port).then((socket) => !!socket.destroy()),
        new Promise<boolean>((resolve) => setTimeout(resolve, 500, false)),
      ]);
    // The operator's address may log in, and is no proxy.
    expect([client.address, await reaches(22), await reaches(443), await reaches(80)]).toEqual([
      client.address,
      true,
      false,
      false,
    ]);
    await expect(
      world.proxy.exec('timeout', ['1', 'bash', '-c', `</dev/tcp/${host.address}/22`]),
    ).rejects.toThrow();
    await world.proxy.exec('timeout', ['5', 'bash', '-c', `</dev/tcp/${host.address}/443`]);
  });

  step('A tape that comes through Caddy over TLS is baked, stored and called back', async () => {
    await world.bring('short', 'first-tape');
    await calledBack(['first-tape']);
    allGood(['first-tape']);
    expect(await world.spaces.keys('blobs-of-a-test')).toEqual(
      expect.arrayContaining(['tapes/first-tape-thumb.jpg', 'tapes/first-tape.mp4']),
    );
  });

  step('The service goes on writing its log after a rotation', async () => {
    await host.sh('logrotate --force /etc/logrotate.d/oven');
    expect(await host.sh('ls /var/log/oven | wc -l')).toBe('2');
    await world.bring('short', 'after-rotation');
    await until(
      'the log goes on',
      async () => (await host.run('test -s /var/log/oven/oven.log')).exitCode === 0,
    );
    expect(await host.sh('systemctl list-timers logrotate.timer --no-legend | wc -l')).toBe('1');
  });

  step('The monitoring reports how full the disk is', () => expectWatched(host));

  step('The sandbox of the service is strict', async () =>
    tell('exposure of oven.service', await expectStrict(host)),
  );

  step('Every command changes nothing when it runs a second time', async () => {
    const state = `systemctl show -p MainPID,ActiveEnterTimestampMonotonic oven.service oven.socket caddy redis-server
      find /etc /opt/oven /usr/local -type f -printf '%p %T@ %m %U %s\\n' | grep -v /incoming/ | sort
      sha256sum /var/lib/oven/*[!p] /opt/oven/incoming/*
      cat /opt/oven/revisions.log`;
    const before = await host.sh(state);
    for (const one of await world.up(booted)) expect(one).toMatchObject({ exitCode: 0 });
    expect(await host.sh(state)).toBe(before);
  });

  step('A release of code serves within seconds on an idle host', async () => {
    const release = await releaseOf(world.site, CHANGES.other);
    const begun = performance.now();
    for (const one of await world.release(host, release)) expect(one).toMatchObject({ exitCode: 0 });
    expect((await health()).release).toBe(release.hash);
    tell(
      'release, from start to the new hash on /health',
      `${((performance.now() - begun) / 1000).toFixed(1)} s`,
    );
    served = release;
  });

  step('A release of code under load loses no request, no tape and no callback', async () => {
    world.callbacks.refuse('pending', 12);
    await world.bring('short', 'pending');
    await until('the callback waits', () => world.callbacks.refused.includes('pending'));
    const long = ['long-1'];
    for (const slug of long) await world.bring('long', slug);
    const load = await world.load(240, { slugs: slugs('code', 40) });
    const begun = performance.now();
    const results = await world.release(host, second);
    expect(results.find(({ exitCode }) => exitCode !== 0)).toBeUndefined();
    expect((await health()).release).toBe(second.hash);
    tell(
      'release under load, from start to the new hash on /health',
      `${((performance.now() - begun) / 1000).toFixed(1)} s`,
    );
    const { asked, lost, refused, tapes, releases, worstMs } = await load.stop();
    tell('requests', `${asked} asked, ${lost.length} lost, slowest ${worstMs} ms, tapes ${tapes.length + 3}`);
    expect([...lost, ...refused]).toEqual([]);
    expect(new Set(releases)).toEqual(new Set([served.hash, second.hash]));
    await calledBack(['after-rotation', 'pending', ...long, ...tapes]);
    allGood(['pending', ...long, ...tapes]);
  });

  const bad = ['does not start', 'is never healthy', 'hangs', 'starts only as a candidate'] as const;

  for (const kind of bad) {
    step(
      `A release that ${kind} never serves, and its command fails`,
      async () => {
        const release = await releaseOf(world.site, CHANGES[kind]);
        const load = await world.load(240, { slugs: slugs(kind.replaceAll(' ', '-'), 10) });
        // Only the long form waits for the whole minute that a candidate has.
        const isSlowToFail = kind === 'is never healthy' || kind === 'hangs';
        const patience = isSlowToFail && !LONG ? 'export OVEN_CANDIDATE_SECONDS=8\n' : '';
        const results = await world.release(host, release, patience);
        const last = results.at(-1)!;
        tell(`a release that ${kind}`, `refused in ${last.seconds.toFixed(1)} s`);
        expect(last).toMatchObject({ name: 'activate' });
        expect(last.exitCode).not.toBe(0);
        expect(last.stderr).toContain(release.hash);
        if (kind.includes('start')) expect(last.stderr).toContain('this release does not start');
        const { lost, refused, releases, tapes } = await load.stop();
        expect([...lost, ...refused]).toEqual([]);
        expect(releases).toEqual([second.hash]);
        await calledBack(tapes);
        expect((await health()).release).toBe(second.hash);
      },
      kind === 'does not start' ? 'always' : 'long',
    );
  }

  step(
    'oven-rollback returns to the earlier release',
    async () => {
      const begun = performance.now();
      const load = await world.load(120, { slugs: [] });
      await host.sh('oven-rollback');
      tell('oven-rollback', `${((performance.now() - begun) / 1000).toFixed(1)} s`);
      expect((await health()).release).toBe(served.hash);
      const { lost, refused } = await load.stop();
      expect([...lost, ...refused]).toEqual([]);
    },
    'long',
  );

  step(
    'A reboot in the middle of a bake loses no tape',
    async () => {
      await interruptBakes('reboot', () => host.reboot());
    },
    'long',
  );

  step(
    'A power cut in the middle of a bake loses no tape',
    async () => {
      await interruptBakes('power-cut', async () => {
        await host.cutPower();
        await host.powerOn();
      });
    },
    'long',
  );

  async function interruptBakes(kind: string, strike: () => Promise<void>): Promise<void> {
    const brought = [`${kind}-1`, `${kind}-2`, `${kind}-3`];
    const [job = ''] = await Promise.all(brought.map((slug) => world.bring('long', slug)));
    await until('a bake encodes', async () => (await statusOf(job)).status === 'encoding');
    await strike();
    await until('the host serves again', async () => (await world.ask('/health')).status === 200);
    await calledBack(brought, 180);
    allGood(brought);
  }

  const statusOf = async (job: string) =>
    JSON.parse((await world.ask(`/status/${job}`)).text) as { status: string };

  step(
    'The replacement of the host loses no request, no tape and no callback',
    async () => {
      const { next, results, load, brought } = await replaceHost(world, booted, 'next');
      tell('replacement', results.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`).join(', '));
      const { asked, lost, refused, tapes, worstMs } = load;
      const failed = `${refused.length} told to come again, ${lost.length} lost`;
      tell('while the host was replaced', `${asked} asked, ${failed}, slowest ${worstMs} ms`);
      expect(lost).toEqual([]);
      expect(refused).toEqual([]);
      await calledBack([...brought, ...tapes], 150);
      allGood([...brought, ...tapes]);
      booted = next;
      host = next.host;
    },
    'long',
  );

  step(
    'A host that reboots after its hand-over forwards requests until the hand-over is final',
    () => rebootHandedOver(world, booted, 'third'),
    'long',
  );
});

function slugs(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${kind}-${index}`);
}

function tell(what: string, value: string | number): void {
  console.log(`deploy: ${what}: ${value}`);
}
