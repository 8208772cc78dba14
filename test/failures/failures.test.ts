/**
 * Twelve kinds of failure happen to one service, whose secrets are all marked. The log must tell each with its cause and its job, docs/operate.md
 * must show these lines, and no secret may get out.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSecrets } from '../../service/callback/secrets.ts';
import { openQueue } from '../../service/queue/queue.ts';
import { secretVariables } from '../http/secret-variables.ts';
import { loseWorker } from '../queue/lose-worker.ts';
import { s3Gap } from '../rig/s3.ts';
import { until } from '../rig/until.ts';
import { mayMount } from '../storage/small-disk.ts';
import { type WatchedChildren, watchChildren } from './children.ts';
import { readStories, type Story, shapeOf, writeStories } from './manual.ts';
import { MARKED, OF_CALLERS, OLD_SECRET, PLANTED, secretsIn } from './marks.ts';
import { DISK_FULL, type Facts, type Failure, OF_NEIGHBOURS, OF_ONE_TAPE, WORKER_LOST } from './rows.ts';
import { type Line, startWorld, type World } from './world.ts';

const ALL: readonly Failure[] = [
  ...OF_ONE_TAPE,
  WORKER_LOST,
  ...OF_NEIGHBOURS,
  ...(mayMount ? [DISK_FULL] : []),
];
const SECRETS = { ...MARKED, OLD_SECRET };
/** The arguments of children are read from /proc. */
const gap = s3Gap ?? (process.platform === 'linux' ? undefined : 'it needs Linux');
const OPERATOR = { authorization: `Bearer ${OLD_SECRET}` };

describe.skipIf(gap)(`Twelve kinds of failure${gap ? ` (skipped: ${gap})` : ''}`, () => {
  let world: World;
  let service: { pid: number; url: string; metrics: string };
  let children: WatchedChildren;
  const jobs = new Map<string, string>();
  /** What others than the service can read, by where it is. */
  const told = new Map<string, string>();

  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(service.url + path, { redirect: 'manual', ...init });
    const text = await answer.text();
    const who = init.headers && 'authorization' in init.headers ? ' of the operator' : '';
    told.set(`${init.method ?? 'GET'} ${path}${who}`, `${[...answer.headers].join('\n')}\n${text}`);
    return { status: answer.status, text };
  };
  const post = (path: string, body: string, headers = {}) =>
    ask(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const linesOf = (jobId: string | undefined) =>
    world.lines().filter((line) => line.jobId === jobId && line.level !== 'debug' && line.level !== 'trace');

  /** Hands the tape of a failure over, and waits until its last line is in the log. */
  const provoke = async ({ slug, zip, fields, begin, end, isCancelled, lines }: Failure) => {
    await world.put(slug, zip?.() ?? world.good);
    await begin?.(world);
    const { text } = await post('/bake', JSON.stringify(world.body(slug, fields)));
    const { jobId } = JSON.parse(text) as { jobId: string };
    jobs.set(slug, jobId);
    if (isCancelled) {
      await until('it is encoded', async () => (await ask(`/status/${jobId}`)).text.includes('"encoding"'));
      await post(`/jobs/${jobId}/cancel`, '', OPERATOR);
    }
    await until(`the log tells of ${slug}`, () => tells(linesOf(jobId), lines), 60);
    await end?.(world);
  };

  beforeAll(async () => {
    world = await startWorld();
    await provokeLostWorker();
    service = await world.start();
    children = watchChildren(service.pid);
    const streams = [readStream('/events'), readStream('/events', OPERATOR)];
    await Promise.all([
      ...OF_ONE_TAPE.map(provoke),
      until(
        'the lost job has ended',
        () => tells(linesOf(jobs.get(WORKER_LOST.slug)), WORKER_LOST.lines),
        60,
      ),
    ]);
    for (const [n, failure] of OF_NEIGHBOURS.entries()) {
      await provoke(failure);
      await until('bakes go on', () => world.lines().filter(({ msg }) => msg === 'bakes go on').length > n);
    }
    if (mayMount) await provoke(DISK_FULL);
    await askEverything();
    for (const end of streams) end();
    await endService();
  }, 180_000);
  afterAll(async () => {
    children?.stop();
    await world?.stop();
  });

  /** A worker in another process takes the tape and is killed. Redis is told that five were lost before it. */
  const provokeLostWorker = async () => {
    const { slug, fields } = WORKER_LOST;
    await world.put(slug, world.good);
    const queue = openQueue({ redis: { path: world.redis.socket }, maxQueued: 10 });
    const { callbackSecret, ...request } = world.body(slug, fields);
    const secretFingerprint = openSecrets([MARKED.CALLBACK_SECRET!, OLD_SECRET]).accepts(callbackSecret)!;
    const outputs = [{ kind: 'thumbnail' as const }];
    const { jobId } = await queue.submit({ ...request, outputs, secretFingerprint });
    await queue.close();
    expect(await loseWorker(world.redis.url, 'oven')).toBe(jobId);
    await world.admin.hset(`oven:bakes:${jobId}`, 'stc', '5');
    jobs.set(slug, jobId);
  };

  const readStream = (path: string, headers: Record<string, string> = {}) => {
    const stop = new AbortController();
    const name = `${path} stream${'authorization' in headers ? ' of the operator' : ''}`;
    told.set(name, '');
    void (async () => {
      const { body } = await fetch(service.url + path, { headers, signal: stop.signal });
      for await (const chunk of body!) told.set(name, told.get(name)! + Buffer.from(chunk).toString());
    })().catch(() => {}); // ended by this side
    return () => stop.abort();
  };

  /** Everything that can be asked, and requests that show what they were sent if anything does. */
  const askEverything = async () => {
    const [wrong, bearer, , , user] = OF_CALLERS;
    const body = (more: object) => JSON.stringify(world.body('x', more));
    const refused = [
      await post('/bake', body({ callbackSecret: wrong })),
      await post('/bake', body({ zipUrl: `https://u:${user}@a.test/x.zip` })),
      await post('/bake', body({ callbackUrl: `https://a.test/${wrong}` })),
      await post('/bake', `{"callbackSecret":"${OLD_SECRET}"`),
      await ask(`/status/${encodeURIComponent(OLD_SECRET)}?token=${OF_CALLERS[3]}`),
      await ask(`/${encodeURIComponent(bearer!)}`),
      await post('/drain', '', { authorization: `Bearer ${bearer}` }),
    ].map(({ status }) => status);
    expect(refused).toEqual([401, 400, 403, 400, 404, 404, 401]);
    for (const [slug, jobId] of jobs) {
      for (const headers of [{}, OPERATOR]) {
        for (const path of [`/status/${jobId}`, `/jobs/${jobId}`]) await ask(path, { headers });
      }
      for (const path of [`/admin/jobs/${jobId}`, `/admin/jobs?slug=${slug}`])
        await ask(path, { headers: OPERATOR });
    }
    for (const headers of [{}, OPERATOR]) {
      for (const path of [
        '/',
        '/?status=failed',
        '/login',
        '/health',
        '/health/work',
        '/health/host',
        '/openapi.json',
        '/admin/jobs',
      ])
        await ask(path, { headers });
    }
    told.set('the arguments of the service', await readFile(`/proc/${service.pid}/cmdline`, 'utf8'));
    told.set('the metrics', await (await fetch(service.metrics)).text());
    await ask('/tapes/bad-zip', { method: 'DELETE', headers: OPERATOR });
  };

  /** Redis goes away and comes back, then the service ends. */
  const endService = async () => {
    told.set('Redis', await readRedis(world));
    await world.redis.kill();
    await until('Redis is missed', async () => (await ask('/health')).status === 503);
    await post('/bake', JSON.stringify(world.body('without-redis')));
    await world.redis.start();
    await world.openRedis();
    expect(await world.end()).toBe(0);
  };

  const storyOf = ({ title, slug, code, lines }: Failure): Story => {
    const ofJob = linesOf(jobs.get(slug)).filter(
      ({ msg }) => !['tape asked for', 'bake started', 'job changed'].includes(msg),
    );
    const last = ofJob.findIndex((line) => matches(line, lines.at(-1)!));
    const pause = world.lines().find((line) => line.msg === 'bakes wait for a fault' && line.code === code);
    return { title, lines: [...(pause ? [pause] : []), ...ofJob.slice(0, last + 1)] };
  };

  it.each(ALL)('$title: the log names cause and job, at the level that is meant', ({ slug, lines, code }) => {
    const found = linesOf(jobs.get(slug));
    const told = lines.map((facts) => found.find((line) => matches(line, facts)));
    expect(told).toMatchObject(lines);
    if (slug.startsWith('encoder-e')) expect(JSON.stringify(told[0])).toContain('the clue of the encoder');
    const isError = (line: Line) =>
      line.code === code && line.msg === 'bakes wait for a fault' && line.level === 'error';
    if (code !== undefined) expect(world.lines().some(isError)).toBe(true);
  });

  it('docs/operate.md shows these lines with all of their fields', () => {
    const stories = ALL.map(storyOf);
    if (process.env.OVEN_TEST_WRITE === 'docs' && mayMount) writeStories(stories, world.root);
    const shown = readStories().filter(({ title }) => mayMount || title !== DISK_FULL.title);
    expect(shapeOf(shown)).toEqual(shapeOf(stories));
  });

  it('Every variable that holds a secret is marked', () => {
    expect(Object.keys(MARKED).sort()).toEqual(secretVariables());
  });

  it('No secret is in the log, the metrics, pages, answers or Redis, nor in the arguments and environments of children', () => {
    const found = new Map(told);
    found.set('the log', world.text.join('\n'));
    const all = [...children.seen.values()];
    found.set('the arguments of children', all.map((one) => one.arguments).join('\n'));
    found.set('the environments of children', all.map((one) => one.environment).join('\n'));
    const leaks = [...found].flatMap(([where, text]) =>
      secretsIn(text, SECRETS).map((secret) => `${secret}: ${where}`),
    );
    expect(leaks).toEqual([]);
    const log = found.get('the log')!;
    expect(secretsIn(log, Object.fromEntries(OF_CALLERS.map((one) => [one, one])))).toEqual([]);
    for (const line of world.text) expect(() => JSON.parse(line), line).not.toThrow();

    // The search reads the right things, and would find a secret.
    const places = ['the log', 'Redis', '/events stream', 'GET /', 'the arguments of children'];
    for (const where of places)
      expect([where, found.get(where)?.includes('encoder-stalls')]).toEqual([where, true]);
    for (const where of ['the log', 'the environments of children'])
      expect([where, found.get(where)?.includes(PLANTED)]).toEqual([where, true]);
    for (const program of ['/ffmpeg ', 'images/main.js'])
      expect(found.get('the arguments of children')).toContain(program);
    expect(found.get('the arguments of the service')).toContain('service/main.ts');
    expect(found.get('the metrics')).toContain('oven_');
    for (const [name, secret] of Object.entries(SECRETS)) {
      const base64 = Buffer.from(`user:${secret}x`).toString('base64');
      for (const form of [secret, JSON.stringify({ a: secret }), encodeURIComponent(`x${secret}`), base64])
        expect(secretsIn(`… ${form} …`, SECRETS)).toContain(name);
    }
  });

  it('Callbacks have the secret of their caller in its field, and no other', () => {
    const hooks = world.receiver.received.filter(({ path }) => path.startsWith('/hook/'));
    expect(hooks.length).toBeGreaterThanOrEqual(OF_ONE_TAPE.length);
    for (const { body, headers } of hooks) {
      const { secret, ...rest } = JSON.parse(body) as Record<string, unknown>;
      expect(secret).toBe(OLD_SECRET);
      expect(secretsIn(JSON.stringify([rest, headers]), SECRETS)).toEqual([]);
    }
  });
});

function tells(lines: readonly Line[], facts: readonly Facts[]): boolean {
  return facts.every((fact) => lines.some((line) => matches(line, fact)));
}

function matches(line: Line, facts: Facts): boolean {
  return Object.entries(facts).every(([name, value]) => line[name] === value);
}

/** All keys with their values as one text. */
async function readRedis({ admin }: World): Promise<string> {
  const texts: string[] = [];
  for (const key of await admin.keys('*')) {
    const type = await admin.type(key);
    const value =
      type === 'hash' ? await admin.hgetall(key) : (await admin.dumpBuffer(key))?.toString('latin1');
    texts.push(`${key} ${JSON.stringify(value)}`);
  }
  return texts.join('\n');
}
