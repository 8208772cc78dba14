#!/usr/bin/env node
/**
 * `npm run leftovers -- [--stack NAME] [--name DROPLETNAME]` lists resources that a killed `up` may have left at DigitalOcean. It changes
 * nothing. Exit 0: no leftovers; 1: leftovers; 2: an error.
 */
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { type Account, hostNameOf, leftovers, type StateResource } from '../infra/leftovers.ts';
import { request } from './ci/lib/digitalocean.ts';

const { values } = parseArgs({ options: { stack: { type: 'string' }, name: { type: 'string' } } });

const LISTS: Readonly<Record<keyof Account, string>> = {
  droplets: '/v2/droplets',
  reserved_ips: '/v2/reserved_ips',
  ssh_keys: '/v2/account/keys',
  keys: '/v2/spaces/keys',
  firewalls: '/v2/firewalls',
  load_balancers: '/v2/load_balancers',
};

try {
  const found = await look();
  for (const line of found) console.log(line);
  console.log(
    found.length === 0 ? 'Nothing was left over.' : `${found.length} left over. Nothing was changed.`,
  );
  process.exitCode = found.length === 0 ? 0 : 1;
} catch (error) {
  // Execa's whole message would show the command's output.
  console.error(
    `could not look: ${(error as { shortMessage?: string }).shortMessage ?? (error as Error).message}`,
  );
  process.exitCode = 2;
}

async function look(): Promise<string[]> {
  const { deployment } = JSON.parse(await pulumi('stack', 'export')) as {
    deployment: { resources?: readonly StateResource[] };
  };
  const state = deployment.resources ?? [];
  const name = values.name ?? hostNameOf(state);
  if (name === undefined)
    throw new Error('the stack has no tag; say the name that its droplets have: --name NAME');
  const config = (key: string) => pulumi('config', 'get', `digitalocean:${key}`);
  const environment = {
    ...process.env,
    DIGITALOCEAN_TOKEN: process.env.DIGITALOCEAN_TOKEN ?? (await config('token')),
    // The rehearsal's stand-in for DigitalOcean sets it.
    DIGITALOCEAN_API_URL: process.env.DIGITALOCEAN_API_URL ?? (await config('apiEndpoint').catch(() => '')),
  };
  const lists = Object.entries(LISTS).map(async ([key, path]) => [key, await all(key, path, environment)]);
  return leftovers(state, Object.fromEntries(await Promise.all(lists)) as Account, name);
}

/** All pages of a list. */
async function all(key: string, path: string, environment: NodeJS.ProcessEnv): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let number = 1; ; number += 1) {
    const page = (await request('GET', `${path}?page=${number}&per_page=200`, environment)) as Record<
      string,
      unknown
    >;
    found.push(...(page[key] as unknown[]));
    if ((page.links as { pages?: { next?: string } } | undefined)?.pages?.next === undefined) return found;
  }
}

async function pulumi(...args: string[]): Promise<string> {
  const stack = values.stack === undefined ? [] : ['--stack', values.stack];
  return (await execa('pulumi', [...args, ...stack, '--non-interactive'])).stdout;
}
