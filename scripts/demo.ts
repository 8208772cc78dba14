// `npm run demo` runs the whole service on this machine with a private Redis, folders as buckets, and a receiver that verifies
// callbacks. It bakes three sample tapes through HTTP. With `--once` it ends after that.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { until } from '../test/rig/until.ts';
import { makeTape, type TapeSpec } from '../test/tapes/make.ts';
import { type Oven, startOven } from './demo/oven.ts';
import { openSite, type Site } from './demo/site.ts';
import { openView } from './demo/view.ts';

const TAPES: Readonly<Record<string, TapeSpec>> = {
  sprites: { scene: 'sprites', width: 337, height: 176, seconds: 8, sound: true, stalls: true },
  paint: { scene: 'paint', width: 195, height: 422, seconds: 6, seed: 2 },
  wire: { scene: 'wire', width: 320, height: 240, seconds: 5, seed: 3 },
};
const SECONDS = 120;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

const { values } = parseArgs({
  options: { once: { type: 'boolean', default: false }, out: { type: 'string', default: 'out/demo' } },
});

const ends: (() => Promise<unknown>)[] = [];
let ending: Promise<void> | undefined;
/** Ends everything that was started, once, the last one first. */
const endAll = () => {
  ending ??= (async () => {
    for (const end of ends.toReversed()) await end().catch((error: Error) => console.error(error.message));
  })();
  return ending;
};
const stopped = new Promise<number>((resolve) => {
  for (const [signal, number] of Object.entries(SIGNALS)) process.on(signal, () => resolve(128 + number));
});
/** Registers the end of a start before it is complete: a signal during the start waits for it, and then ends it. */
const starting = async <T>(start: Promise<T>, end: (started: T) => Promise<unknown>): Promise<T> => {
  ends.push(() => start.then(end, () => {}));
  return start;
};

try {
  process.exitCode = await Promise.race([run(), stopped]);
} catch (error) {
  console.error(`demo: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await endAll();
}
process.exit();

async function run(): Promise<number> {
  const folder = await starting(mkdtemp(join(tmpdir(), 'oven-demo-')), (path) =>
    rm(path, { recursive: true }),
  );
  console.log('Drawing three tapes, as the recorder would write them …');
  const files = Object.fromEntries(Object.keys(TAPES).map((name) => [name, join(folder, `${name}.zip`)]));
  for (const [name, spec] of Object.entries(TAPES)) await makeTape(files[name]!, spec);
  const site = await starting(openSite(files), (open) => open.close());
  const videos = resolve(values.out);
  await rm(videos, { recursive: true, force: true });
  await mkdir(videos, { recursive: true });
  console.log('Starting Redis and the service …');
  const oven = await starting(startOven({ callbackSecret: site.secret, site: site.url, videos }), (open) =>
    open.stop(),
  );
  console.log(`\nDashboard: ${oven.url}\n`);
  const results = await bakeAll(oven, site);
  for (const { line } of results) console.log(line);
  const isFine = results.every(({ ok }) => ok);
  console.log(`\nVideos: ${relative('', join(videos, 'tapes')) || '.'}`);
  if (!isFine) console.error(`\nThe service's log ends so:\n${oven.log()}`);
  if (values.once) return isFine ? 0 : 1;
  console.log(`Dashboard: ${oven.url} (API: ${oven.url}/docs). Ctrl-C ends it all.`);
  return stopped.then((code) => (isFine && code === 130 ? 0 : code));
}

async function bakeAll(oven: Oven, site: Site): Promise<{ ok: boolean; line: string }[]> {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-T:]/g, '.');
  const slugs = Object.keys(TAPES).map((name, n) => ({ name, slug: `${stamp}.00${n + 1}` }));
  const view = openView(
    process.stderr,
    slugs.map(({ slug }) => slug),
  );
  try {
    return await Promise.all(
      slugs.map(async ({ name, slug }) => {
        try {
          return { ok: true, line: await bakeOne(oven, site, name, slug, view.update) };
        } catch (error) {
          return { ok: false, line: `${slug}  ${(error as Error).message}` };
        }
      }),
    );
  } finally {
    view.end();
  }
}

/** Bakes one tape through HTTP, waits for a verified callback, and fetches the files. Returns a line about it. */
async function bakeOne(
  oven: Oven,
  site: Site,
  name: string,
  slug: string,
  tell: (slug: string, status: string, progress: number) => void,
): Promise<string> {
  const response = await fetch(`${oven.url}/bake`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(site.request(name, slug)),
  });
  if (response.status !== 202) throw new Error(`POST /bake: ${response.status} ${await response.text()}`);
  const { statusUrl } = (await response.json()) as { statusUrl: string };
  const { status, error, result } = await until(
    `${slug} is baked`,
    async () => {
      const report = (await (await fetch(statusUrl)).json()) as Report;
      tell(slug, report.status, report.progress);
      return ['done', 'failed'].includes(report.status) && report;
    },
    SECONDS,
  );
  if (status === 'failed') throw new Error(`${error?.code}: ${error?.message}`);
  const done = await Promise.race([site.called(slug), late(slug)]);
  for (const url of [done.mp4Url, done.thumbnailUrl]) {
    const file = url ? await fetch(url) : undefined;
    if (!file?.ok) throw new Error(`${url} can not be fetched`);
    await file.body?.cancel();
  }
  const { width, height, duration, bytes } = result!;
  const size = `${width}×${height}, ${duration.toFixed(2)} s, ${(bytes / 1000).toFixed(0)} kB`;
  return `${slug}  ${size}, callback verified  ${done.mp4Url}`;
}

interface Report {
  readonly status: string;
  readonly progress: number;
  readonly error?: { code: string; message: string };
  readonly result?: { width: number; height: number; duration: number; bytes: number };
}

function late(slug: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    const error = new Error(`No callback for ${slug} whose signature is right came in ${SECONDS} s`);
    setTimeout(reject, SECONDS * 1000, error).unref();
  });
}
