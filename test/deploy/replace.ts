import { expect } from 'vitest';
import { until } from '../rig/until.ts';
import type { LoadResult } from './load.ts';
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
 * and ends the old one. `between` is done when the new host has taken over and the address has yet to move.
 */
export async function replaceHost(
  world: World,
  { host, plan }: Booted,
  { label, between = async () => {} }: { readonly label: string; readonly between?: () => Promise<void> },
): Promise<Replacement> {
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
  results.push(...(await world.up(next, { from: handover, to: handover + 1 })));
  await between();
  await world.bring('short', named('passed-on'));
  results.push(...(await world.up(next, { from: handover + 1 })));
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
