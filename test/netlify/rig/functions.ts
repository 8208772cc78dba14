import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SECRET, type World } from './world.ts';

/** Servers for the functions: Netlify's way, or the bundles' handlers in an Express app. */
const SERVERS = {
  netlify: join(import.meta.dirname, '../../../netlify/serve.ts'),
  express: join(import.meta.dirname, 'express-server.ts'),
};

/** The functions' bundles in a process of their own, as the platform has them: all they know is their environment. */
export interface FunctionsRig {
  readonly url: string;
  /** What they logged. */
  readonly logs: string[];
  track(body: object, token?: string): Promise<Response>;
  retry(): Promise<Response>;
  /** kill -9, as the platform does at its limit. */
  kill(): Promise<void>;
}

/** What the environment of the functions is in a world of tests. */
export function environment(world: World, changes: Record<string, string> = {}): Record<string, string> {
  const { config, guest, mongo, oven, pds, storage } = world;
  return {
    MONGODB_CONNECTION_STRING: mongo.uri,
    MONGODB_NAME: mongo.name,
    AUTH0_DOMAIN: config.auth0?.href ?? '',
    OVEN_URL: oven.url,
    OVEN_CALLBACK_SECRET: config.callbackSecrets.join(','),
    PDS_URL: pds.front.url,
    GUEST_ATPROTO_IDENTIFIER: guest.did,
    GUEST_ATPROTO_PASSWORD: guest.password,
    ART_ZIPS_URL: `${storage.url}/art`,
    USER_ZIPS_URL: `${storage.url}/user`,
    TAPE_BLOBS_URLS: `${storage.url}/blobs`,
    ...changes,
  };
}

export async function startFunctions(
  env: Record<string, string>,
  {
    files = [],
    port = 0,
    server = 'netlify',
  }: { files?: readonly string[]; port?: number; server?: keyof typeof SERVERS } = {},
): Promise<FunctionsRig> {
  const child = spawn(process.execPath, [SERVERS[server], String(port), ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const logs: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('http://')) resolve(line);
      else logs.push(line);
    });
    ended.then(() => reject(new Error('the functions ended before they began')));
  });
  const headers = (token?: string) => ({ ...(token && { authorization: `Bearer ${token}` }) });
  return {
    url,
    logs,
    track: (body, token) =>
      fetch(`${url}/api/track-media`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: headers(token),
      }),
    retry: () =>
      fetch(`${url}/.netlify/functions/retry-stuck-tapes`, { method: 'POST', headers: headers(SECRET) }),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
