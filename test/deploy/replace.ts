import { expect } from 'vitest';
import { until } from '../rig/until.ts';
import type { LoadResult } from './load.ts';
import type { Act } from './program.ts';
import { type ActResult, take } from './steps.ts';
import type { Booted, World } from './world.ts';

/** What replacing a host came to. */
export interface Replacement {
  readonly next: Booted;
  readonly results: readonly ActResult[];
  readonly load: LoadResult;
  /** Slugs of the tapes that were brought beside the load's. */
  readonly brought: readonly string[];
}

/**
 * Replaces a host as the program would, under load, with a bake of some seconds under way and a callback that the site does not take yet,
 * and ends the old one. The hand-over fails once, when the old host is waiting already, and is done again.
 */
export async function replaceHost(world: World, { host, plan }: Booted, label: string): Promise<Replacement> {
  const next = await world.boot(label);
  await next.host.ready();
  const named = (name: string) => `${label}-${name}`;
  world.callbacks.refuse(named('moving'), 45);
  await world.bring('short', named('moving'));
  await until('the callback waits', () => world.callbacks.refused.includes(named('moving')));
  const slugs = Array.from({ length: 60 }, (_, index) => named(`load-${index}`));
  const load = await world.load(280, { slugs });
  const handover = next.plan.acts.findIndex(({ name }) => name === 'handover');
  const results = await world.up(next, { to: handover });
  for (const slug of ['left-1', 'left-2']) await world.bring('long', named(slug));
  await failHandover(next, next.plan.acts[handover]!);
  results.push(...(await world.up(next, { from: handover, to: handover + 1 })));
  await world.bring('short', named('passed-on'));
  const moved = next.plan.acts.findIndex(({ kind }) => kind === 'assign') + 1;
  results.push(...(await world.up(next, { from: handover + 1, to: moved })));
  // Only what is being answered when the address moves may still be here: no cloud promises to keep such connections.
  const connected = () => host.sh("ss -Htn state established 'sport = :443'");
  await until('nobody is connected to the old host', async () => (await connected()) === '', 30);
  results.push(...(await world.up(next, { from: moved })));
  await world.bring('short', named('on-the-new'));
  for (const act of plan.acts.toReversed()) {
    if (act.kind !== 'command' || act.delete === undefined) continue;
    const result = await take(host, { ...act, create: act.delete });
    results.push({ ...result, name: `${act.name} of the old` });
  }
  await host.destroy();
  const brought = ['moving', 'left-1', 'left-2', 'passed-on', 'on-the-new'].map(named);
  const answered = await load.stop();
  for (const one of results) expect(one).toMatchObject({ exitCode: 0 });
  return { next, results, load: answered, brought };
}

/** The queue arrives, and there is no Redis to take it. */
async function failHandover({ host }: Booted, act: Act): Promise<void> {
  if (act.kind !== 'command') throw new Error('no hand-over');
  const failed = await take(host, { ...act, create: `export OVEN_REDIS=/nowhere\n${act.create}` });
  expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('this host serves again') });
}

/** Has a new host take over, and the old one reboot before the address moves; then the new one is given up. */
export async function rebootHandedOver(world: World, { host }: Booted, label: string): Promise<void> {
  const next = await world.boot(label);
  await next.host.ready();
  const handover = next.plan.acts.findIndex(({ name }) => name === 'handover');
  for (const one of await world.up(next, { to: handover + 1 })) expect(one).toMatchObject({ exitCode: 0 });
  const what = () => host.sh('systemctl show -p Description --value oven.service');
  const serves = async () => (await world.ask('/health')).status === 200;
  expect([await what(), await serves()]).toEqual([expect.stringContaining('passed on'), true]);
  await expectBound(next, host.address);
  await host.reboot();
  await until('it is passed on again', serves);
  const job = await world.bring('short', `${label}-passed-on`);
  expect([await what(), await knows(next, job), await knows(next, 'f'.repeat(32))]).toEqual([
    expect.stringContaining('passed on'),
    200,
    404,
  ]);
  // Once more, as when `up` was cut off: nothing comes twice.
  const [again] = await world.up(next, { from: handover, to: handover + 1 });
  expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('0 jobs taken over') });
  await host.sh('oven-handover keep');
  await until('it serves by itself', serves);
  expect(await what()).toContain('bakes tapes');
  expect((await world.ask(`/status/${job}`)).status).toBe(404);
}

/** The key that makes the tunnel makes no other, and runs nothing but the hand-over. */
async function expectBound({ host }: Booted, old: string): Promise<void> {
  const folder = '/var/lib/oven/predecessor';
  const known = `-o HostKeyAlias=predecessor -o UserKnownHostsFile=${folder}/known_hosts`;
  const ssh = (how: string) =>
    host.run(`timeout 10 ssh -F none -i ${folder}/key -o BatchMode=yes ${known} ${how} </dev/null`);
  const listen = (at: string) => ssh(`-N -o ExitOnForwardFailure=yes -R ${at}:127.0.0.1:3000 root@${old}`);
  const failed = { exitCode: 255, stderr: expect.stringContaining('forwarding failed') };
  expect(await listen('127.0.0.1:3002')).toMatchObject(failed);
  expect(await listen('0.0.0.0:3001')).toMatchObject(failed);
  expect(await listen('/run/oven/socket')).toMatchObject(failed);
  expect(await ssh(`-W 127.0.0.1:3000 root@${old}`)).toMatchObject(failed);
  expect(await ssh(`-W /run/redis/oven.sock root@${old}`)).not.toMatchObject({ exitCode: 0 });
  expect(await ssh(`root@${old} id`)).toMatchObject({ exitCode: 2, stdout: '' });
}

async function knows({ host }: Booted, job: string): Promise<number> {
  return Number(await host.sh(`curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:3000/status/${job}`));
}
