// `npm run demo:netlify` runs the functions on this machine with everything that they need: the real Oven, a real PDS with an account for
// guests and one for a user, a server of MongoDB's protocol, and stand-ins for the buckets of ZIPs and for Auth0. One tape of a guest
// and one of the user are published. With `--once` it ends then; otherwise it stays for calls with curl.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, startFunctions } from '../test/netlify/rig/functions.ts';
import { noMongo } from '../test/netlify/rig/mongo.ts';
import { noPds } from '../test/netlify/rig/pds.ts';
import { startOven } from '../test/netlify/rig/service.ts';
import { SECRET, startWorld, TOKEN, USER } from '../test/netlify/rig/world.ts';
import { freePort } from '../test/rig/port.ts';
import { until } from '../test/rig/until.ts';
import { makeTape } from '../test/tapes/make.ts';

const fault = noMongo() ?? noPds();
if (fault) {
  console.error(`demo: ${fault}`);
  process.exit(1);
}
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
});

console.log('Starting MongoDB, a PDS, Redis, Oven and the functions …');
const world = await startWorld();
const port = await freePort();
const site = `http://127.0.0.1:${port}`;
const sources = [`${world.storage.url}/art`, `${world.storage.url}/user`];
const oven = await startOven(await freePort(), SECRET, sources, site);
const functions = await startFunctions(
  environment(world, {
    OVEN_URL: oven.url,
    TAPE_BLOBS_URLS: oven.files,
    OVEN_CALLBACK_URL: `${site}/api/tape-bake-complete`,
  }),
  { port },
);

const folder = await mkdtemp(join(tmpdir(), 'oven-demo-'));
const file = join(folder, 'tape.zip');
await makeTape(file, { scene: 'sprites', width: 337, height: 176, seconds: 4, sound: true });
const bytes = new Uint8Array(await readFile(file));
await rm(folder, { recursive: true });

await show('guestAb1', '/art/guestAb1.zip', undefined, world.guest.did);
await show('2025.10.09.12.30.15.123', `/user/${USER}/2025.10.09.12.30.15.123.zip`, TOKEN, world.user.did);

if (!process.argv.includes('--once')) {
  console.log(
    `\nFunctions ${site}, Oven ${oven.url}, PDS ${world.pds.front.url}, MongoDB ${world.mongo.uri} (${world.mongo.name})`,
  );
  console.log(
    `The ZIP is there as guestAb1; the user’s token is ${TOKEN}. Ask for it again, or for the retries:`,
  );
  console.log(`  curl -d '{"slug":"guestAb1","ext":"zip"}' ${site}/api/track-media`);
  console.log(
    `  curl -X POST -H 'authorization: Bearer ${SECRET}' ${site}/.netlify/functions/retry-stuck-tapes\nCtrl-C ends it all.`,
  );
  await stopped;
}
await functions.kill();
await oven.stop();
await world.stop();

async function show(slug: string, path: string, token: string | undefined, did: string): Promise<void> {
  world.storage.files.set(path, { bytes });
  const started = performance.now();
  const answer = await functions.track({ slug, ext: 'zip', metadata: { totalDuration: 4 } }, token);
  console.log(`\n${slug}: track-media answers ${answer.status} ${await answer.text()}`);
  const tape = await until('the tape is in the PDS', async () => {
    const one = await world.find(slug);
    return one.oven?.sync?.status === 'complete' && one;
  });
  console.log(`  after ${((performance.now() - started) / 1000).toFixed(1)} s: ${tape.mp4Url}`);
  const [record] = (await world.pds.records(did)).filter(({ uri }) => uri === tape.at?.uri);
  console.log(`  ${record?.uri}\n  ${JSON.stringify(record?.value)}`);
}
