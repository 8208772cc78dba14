import { expect } from 'vitest';
import { type Api, type ApiOptions, openApi } from './api.ts';
import { type Ask, clientsOf } from './client.ts';
import { DROPLET, ZONE } from './examples.ts';
import { type MemoryHardware, memoryHardware, memorySpaces } from './hardware.ts';

/** An API with hardware in memory, and ways to ask it, for the tests of DigitalOcean's part. */
export interface Rig {
  readonly api: Api;
  readonly hardware: MemoryHardware;
  readonly ask: Ask;
  /** Asks and expects a status; gives the body. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at fields of answers, and say what they expect there
  readonly ok: (status: number, ...call: Parameters<Ask>) => Promise<any>;
  /** Looks again and again until a droplet is free, as the provider does. */
  readonly settledDroplet: (id: number) => ReturnType<Rig['ok']>;
  /** Makes a droplet and waits for it. */
  readonly droplet: (more?: object) => ReturnType<Rig['ok']>;
}

export async function openRig({
  hardware = memoryHardware(),
  ...options
}: Partial<ApiOptions> & { hardware?: MemoryHardware } = {}): Promise<Rig> {
  const spaces = memorySpaces(new Set(['art', 'blobs']));
  const emails = ['me@aesthetic.computer'];
  const api = await openApi({ zone: ZONE, spaces, emails, regionsInUse: ['sfo3'], ...options, hardware });
  const ask = clientsOf(api).digitalocean;
  const ok: Rig['ok'] = async (status, ...call) => {
    const { status: got, body } = await ask(...call);
    const what = call.slice(0, 2).join(' ');
    expect([got, what, body?.message]).toEqual([status, what, undefined]);
    return body;
  };
  const settledDroplet: Rig['settledDroplet'] = async (id) => {
    await api.settled();
    for (let looks = 0; looks < 5; looks++) {
      const { droplet } = await ok(200, 'GET', `/v2/droplets/${id}`);
      if (!droplet.locked) return droplet;
    }
    throw new Error('still locked');
  };
  const droplet: Rig['droplet'] = async (more = {}) =>
    settledDroplet((await ok(202, 'POST', '/v2/droplets', { ...DROPLET, ...more })).droplet.id);
  return { api, hardware, ask, ok, settledDroplet, droplet };
}
