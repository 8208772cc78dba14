import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DrainOptions, openDrain } from '../service/drain.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'oven-drain-'));
});
afterAll(() => rm(root, { recursive: true }));

/** Drains with a Redis of their own, which they share; `restart` opens one anew. */
async function drains(nodes: number) {
  const folder = await mkdtemp(join(root, 'host-'));
  const state = { time: 1_000_000, all: false, isAway: false };
  const rests: boolean[] = [];
  const onError = vi.fn();
  const shared: DrainOptions['shared'] = {
    read: async () => {
      if (state.isAway) throw new Error('away');
      return state.all;
    },
    write: async (active) => {
      if (state.isAway) throw new Error('away');
      state.all = active;
    },
  };
  const onRest = (value: boolean) => rests.push(value);
  const options = { folder, nodes, shared, onRest, onError, leaveMs: 100, now: () => state.time };
  return { folder, state, rests, onError, restart: () => openDrain(options) };
}

describe('the drain of a host', () => {
  it('A single host refuses tapes at once, goes on with its jobs, and stays drained over a restart', async () => {
    const { rests, restart } = await drains(1);
    const drain = restart();
    expect(await drain.current()).toEqual({ scope: undefined, phase: 'off' });
    await drain.begin('host');
    expect([await drain.current(), drain.rests()]).toEqual([{ scope: 'host', phase: 'drained' }, false]);
    const next = restart();
    expect(await next.current()).toEqual({ scope: 'host', phase: 'drained' });
    await next.end();
    expect(await restart().current()).toEqual({ scope: undefined, phase: 'off' });
    expect(rests).toEqual([false, false]);
  });

  it('One of several hosts takes no jobs at once, and tapes until the load balancer has noticed, also over a restart', async () => {
    const { state, rests, restart } = await drains(2);
    const drain = restart();
    await drain.begin('host');
    await drain.begin('host');
    expect([await drain.current(), drain.rests()]).toEqual([{ scope: 'host', phase: 'leaving' }, true]);
    state.time += 50;
    expect((await restart().current()).phase).toBe('leaving');
    state.time += 50;
    expect((await restart().current()).phase).toBe('drained');
    expect(restart().rests()).toBe(true);
    state.time -= 3_600_000; // the clock is set back
    expect((await restart().current()).phase).toBe('drained');
    await drain.end();
    expect([drain.rests(), rests]).toEqual([false, [true, false]]);
  });

  it('A drain that can not be written lasts until the next restart, and is reported', async () => {
    const { folder, onError, restart } = await drains(2);
    const drain = restart();
    await rm(folder, { recursive: true });
    await drain.begin('host');
    expect(drain.rests()).toBe(true);
    expect(onError).toHaveBeenCalledOnce();
    await mkdir(folder);
    expect(restart().rests()).toBe(false);
  });
});

describe('the drain of all hosts', () => {
  it('It stops tapes on every host, and has a drained host take jobs again', async () => {
    const { state, rests, restart } = await drains(2);
    const [one, other] = [restart(), restart()];
    await one.begin('host');
    await one.begin('all');
    expect(rests).toEqual([true, false]);
    expect(await other.current()).toEqual({ scope: 'all', phase: 'drained' });
    await one.end();
    expect([state.all, (await one.current()).phase]).toEqual([false, 'off']);
  });

  it('A Redis that does not answer holds up no health check', async () => {
    const { restart } = await drains(2);
    vi.useFakeTimers();
    try {
      const shared = { read: () => new Promise<never>(() => {}), write: async () => {} };
      const drain = openDrain({ folder: root, nodes: 2, shared, onRest: () => {}, onError: () => {} });
      const current = drain.current();
      await vi.advanceTimersByTimeAsync(500);
      expect((await current).phase).toBe('off');
    } finally {
      vi.useRealTimers();
    }
    expect((await restart().current()).phase).toBe('off');
  });

  it('While Redis is away the last answer holds, and a drain of all fails', async () => {
    const { folder, state, restart } = await drains(2);
    const drain = restart();
    state.isAway = true;
    expect((await drain.current()).phase).toBe('off');
    await expect(drain.begin('all')).rejects.toThrow('away');
    await drain.begin('host');
    expect((await drain.current()).phase).toBe('leaving');
    expect(await readdir(folder)).toEqual(['oven-drained']);
  });
});
