import childProcess from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_LIMITS } from '../../service/bake/limits.ts';
import { openDelivery } from '../../service/callback/deliver.ts';
import { openProgressReports } from '../../service/callback/progress.ts';
import { openSecrets } from '../../service/callback/secrets.ts';
import type { FailureCode } from '../../service/errors.ts';
import type { BakeRequest } from '../../service/schemas/request.ts';
import { openSource } from '../../service/source/source.ts';
import { openTapeBucket } from '../../service/source/tape-bucket.ts';
import { openStorage } from '../../service/storage/open.ts';
import { tapeBaker } from '../../service/worker/bake-tape.ts';
import { type Receiver, startReceiver } from '../callback/receiver.ts';
import { openQueueFixture, requestFor } from '../queue/fixture.ts';
import { type RedisRig, startRedis } from '../rig/redis.ts';
import { type RedisFront, startRedisFront } from '../rig/redis-front.ts';
import { describeS3, type S3Rig, startS3 } from '../rig/s3.ts';
import { type SourceRig, startSource } from '../rig/source.ts';
import { until } from '../rig/until.ts';
import { smallDisk } from '../soak/disk.ts';
import { type Fate, type Front, startFront } from '../storage/front.ts';
import { mayMount } from '../storage/small-disk.ts';
import { makeTape } from '../tapes/make.ts';

/** What a fault leads to. `waits`: the worker stops, and the tape is baked when the fault is gone. */
type Effect =
  | { readonly waits: FailureCode }
  /** The attempt ends with this code. */
  | { readonly fails: FailureCode }
  /** The callback is sent again, after this. */
  | { readonly sentAgain: RegExp }
  /** The tape is baked; its purge fails with this code, and succeeds when the fault is gone. */
  | { readonly keeps: FailureCode }
  | 'none';

/** It begins when the tape is fetched, or purged; and ends when its effect was seen. */
interface Fault {
  readonly begin?: () => unknown;
  readonly end?: () => unknown;
  readonly request?: () => Partial<BakeRequest>;
  /** For each of the steps to fetch, to bake and to store. */
  readonly timeoutSeconds?: number;
}

interface Row extends Fault {
  readonly call: string;
  readonly how: string;
  readonly effect: Effect;
}

const { fork } = childProcess;
/** The program that is started in place of the image process, if any. */
let imageProgram: string | undefined;
childProcess.fork = ((file: string, ...how: []) =>
  fork(file.endsWith('images/main.js') ? (imageProgram ?? file) : file, ...how)) as typeof fork;
syncBuiltinESMExports();

const FFMPEG = '#!/bin/sh\nexec ffmpeg "$@"\n';

describeS3('Each call to the outside', () => {
  let root: string;
  let redis: RedisRig;
  let redisFront: RedisFront;
  let s3: S3Rig;
  let front: Front;
  let source: SourceRig;
  let receiver: Receiver;
  let disk: ReturnType<typeof smallDisk>;
  let answer: (response: ServerResponse) => void;
  const path = (name: string) => join(root, name);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'oven-test-'));
    await mkdir(path('disk'));
    disk = smallDisk(path('disk'));
    if (mayMount) disk.mount();
    await mkdir(disk.temp);
    await makeTape(path('tape.zip'), { scene: 'sprites', width: 40, height: 30, seconds: 0.1 });
    [redis, s3, source] = await Promise.all([startRedis(), startS3(), startSource()]);
    source.files.set('/tape.zip', path('tape.zip'));
    front = await startFront(s3.endpoint);
    redisFront = await startRedisFront(redis);
    await writeFile(path('ffmpeg'), FFMPEG, { mode: 0o755 });
    receiver = await startReceiver((response) => answer(response));
    await s3.make('blobs', 'public');
    await s3.make('art', 'private');
    const Body = await readFile(path('tape.zip'));
    await s3.client.send(new PutObjectCommand({ Bucket: 'art', Key: 'tape.zip', Body }));
  }, 120_000);
  beforeEach(() => {
    front.reset();
    answer = (response) => response.end();
  });
  afterAll(async () => {
    await Promise.all([receiver.close(), front.stop(), source.stop(), s3.stop(), redisFront.stop()]);
    await redis.stop();
    if (mayMount) disk.unmount();
    await rm(root, { recursive: true, force: true });
  });

  const redisSays = async (...command: [string, ...string[]]) => {
    const client = new Redis(redis.socket);
    await client.call(...command).finally(() => client.disconnect());
  };
  /** The front does so with requests of these methods to this bucket. */
  const to = (bucket: string, methods: readonly string[], fate: Fate, ms = 0) => ({
    begin: () => {
      front.rule = async ({ path, method }) => {
        if (!path.startsWith(`/${bucket}`) || !methods.includes(method)) return 'pass';
        await delay(ms);
        return fate;
      };
    },
    end: () => front.reset(),
  });
  const from = (path: string) => ({ request: () => ({ zipUrl: source.url(path).href }) });
  const receives = (how: (response: ServerResponse) => unknown) => ({
    begin: () => {
      answer = how;
    },
    end: () => {
      answer = (response) => response.end();
    },
  });
  const fromBucket = { request: () => ({ zipUrl: new URL('/art/tape.zip', front.endpoint).href }) };
  const reports = (how: (response: ServerResponse) => unknown) => ({
    request: () => ({ progressUrl: `${receiver.url}/progress` }),
    ...receives((response) => (response.req.url === '/progress' ? how(response) : response.end())),
  });
  const cut = (response: ServerResponse) => {
    response.writeHead(200, { 'content-length': 9 });
    response.write('x', () => response.destroy());
  };
  /** The file has this content meanwhile, and then the old one. */
  const program = (name: string, content: string, after: () => unknown) => ({
    begin: () => writeFile(path(name), content, { mode: 0o755 }),
    end: after,
  });
  const ffmpeg = (script: string) => ({
    request: () => ({ outputs: [{ kind: 'mp4' as const }] }),
    ...program('ffmpeg', `#!/bin/sh\n${script}\n`, () => writeFile(path('ffmpeg'), FFMPEG, { mode: 0o755 })),
  });
  /** The image process is another program, which gets its requests. */
  const images = (onRequest: string) => ({
    begin: async () => {
      imageProgram = path('images.mjs');
      await writeFile(imageProgram, `process.on('message', () => { ${onRequest} });`);
    },
    end: () => {
      imageProgram = undefined;
    },
  });
  const READ = ['HEAD', 'GET'];
  const PUT = ['PUT'];
  const DELETE = ['DELETE'];
  const waits = (waits: FailureCode): Effect => ({ waits });
  const fails = (fails: FailureCode): Effect => ({ fails });
  const keeps = (keeps: FailureCode): Effect => ({ keeps });
  const sentAgain = (sentAgain: RegExp): Effect => ({ sentAgain });
  const of = (call: string, faults: readonly [how: string, effect: Effect, fault: Fault][]): Row[] =>
    faults.map(([how, effect, fault]) => ({ call, how, effect, ...fault }));
  const art = (fate: Fate, ms = 0) => ({ ...fromBucket, ...to('art', READ, fate, ms) });
  const ended = (status: number) => (response: ServerResponse) => response.writeHead(status).end();
  const closed = (response: ServerResponse) => response.destroy();
  const silent = () => {};

  const ROWS: readonly Row[] = [
    ...of('a GET of the source', [
      [
        'refused',
        fails('SOURCE_UNREACHABLE'),
        { request: () => ({ zipUrl: 'http://127.0.0.1:1/tape.zip' }) },
      ],
      ['left without an answer', fails('SOURCE_TIMEOUT'), from('/stall')],
      ['answered too slowly', fails('SOURCE_TIMEOUT'), from('/slow/1000')],
      ['cut in the middle', fails('SOURCE_TRUNCATED'), from('/drop/5000')],
      ['answered with 503', fails('SOURCE_UNREACHABLE'), from('/status/503')],
      ['answered with 404', fails('SOURCE_NOT_FOUND'), from('/status/404')],
      ['answered with 403', fails('SOURCE_REFUSED'), from('/status/403')],
      ['answered with something else', fails('NOT_A_ZIP'), from('/whole/500')],
      ['answered without HTTP', fails('SOURCE_UNREACHABLE'), from('/garbage')],
    ]),
    ...of('a GET of the tape bucket', [
      ['closed', waits('SOURCE_BUCKET_DOWN'), art('drop')],
      ['left without an answer', fails('SOURCE_TIMEOUT'), art('stall')],
      ['answered slowly', 'none', art('pass', 200)],
      ['cut in the middle', fails('SOURCE_TRUNCATED'), art('cut')],
      ['answered with 503', waits('SOURCE_BUCKET_DOWN'), art(503)],
      ['answered with 403', waits('SOURCE_MISCONFIGURED'), art(403)],
    ]),
    ...of('a HEAD of the storage', [
      ['closed', waits('STORAGE_UNREACHABLE'), to('blobs', READ, 'drop')],
      ['left without an answer', waits('STORAGE_TIMEOUT'), to('blobs', READ, 'stall')],
      ['answered slowly', 'none', to('blobs', READ, 'pass', 200)],
      ['answered with 500', waits('STORAGE_UNREACHABLE'), to('blobs', READ, 500)],
      ['answered with 403', waits('STORAGE_MISCONFIGURED'), to('blobs', READ, 403)],
    ]),
    ...of('a PUT to the storage', [
      ['closed', waits('STORAGE_UNREACHABLE'), to('blobs', PUT, 'drop')],
      ['left without an answer', waits('STORAGE_TIMEOUT'), to('blobs', PUT, 'stall')],
      ['answered slowly', 'none', to('blobs', PUT, 'pass', 200)],
      ['stored, and closed before its answer', waits('STORAGE_UNREACHABLE'), to('blobs', PUT, 'unanswered')],
      ['answered with 507', waits('STORAGE_UNREACHABLE'), to('blobs', PUT, 507)],
      ['answered with 403', waits('STORAGE_MISCONFIGURED'), to('blobs', PUT, 403)],
      ['answered with 400', fails('STORAGE_REFUSED'), to('blobs', PUT, 400)],
    ]),
    ...of('a DELETE of the storage', [
      ['closed', keeps('STORAGE_UNREACHABLE'), to('blobs', DELETE, 'drop')],
      ['left without an answer', keeps('STORAGE_TIMEOUT'), to('blobs', DELETE, 'stall')],
      ['answered slowly', 'none', to('blobs', DELETE, 'pass', 200)],
      ['done, and closed before its answer', keeps('STORAGE_UNREACHABLE'), to('blobs', DELETE, 'unanswered')],
      ['answered with 503', keeps('STORAGE_UNREACHABLE'), to('blobs', DELETE, 503)],
      ['answered with 403', keeps('STORAGE_MISCONFIGURED'), to('blobs', DELETE, 403)],
    ]),
    ...of('a callback', [
      ['closed', sentAgain(/reached/), receives(closed)],
      ['left without an answer', sentAgain(/within 0.4 s/), receives(silent)],
      ['answered slowly', 'none', receives((response) => delay(150).then(() => response.end()))],
      ['answered with 500', sentAgain(/500/), receives(ended(500))],
      ['answered with a redirect', sentAgain(/302/), receives(ended(302))],
      [
        'answered without HTTP',
        sentAgain(/reached/),
        receives((response) => response.socket?.end('SSH-2.0-x\r\n')),
      ],
      ['cut in the middle of its 200', 'none', receives(cut)],
    ]),
    ...of('a progress report', [
      ['closed', 'none', reports(closed)],
      ['left without an answer', 'none', reports(silent)],
      ['answered with 500', 'none', reports(ended(500))],
    ]),
    ...of('a command to Redis', [
      ['without a server', 'none', { begin: () => redis.kill().then(redis.start) }],
      [
        'left without an answer for a second',
        'none',
        { begin: () => redisSays('CLIENT', 'PAUSE', '1000', 'ALL') },
      ],
      [
        'answered slowly',
        'none',
        {
          begin: () => {
            redisFront.slowness = 30;
          },
          end: () => {
            redisFront.slowness = 0;
          },
        },
      ],
      ['cut in the middle of its answer', 'none', { begin: () => redisFront.cutAnswers() }],
      [
        'refused for want of memory',
        waits('QUEUE_UNREACHABLE'),
        {
          begin: () => redisSays('CONFIG', 'SET', 'maxmemory', '1'),
          end: () => redisSays('CONFIG', 'SET', 'maxmemory', '0'),
        },
      ],
      [
        'refused by a replica',
        waits('QUEUE_UNREACHABLE'),
        {
          begin: () => redisSays('REPLICAOF', '127.0.0.1', '1'),
          end: () => redisSays('REPLICAOF', 'NO', 'ONE'),
        },
      ],
    ]),
    ...of('a write to TEMP_DIR', [
      [
        'without the folder',
        waits('TEMP_DIR_UNUSABLE'),
        { begin: () => disk.take(), end: () => disk.giveBack() },
      ],
    ]),
    ...(mayMount
      ? of('a write to TEMP_DIR', [
          [
            'refused for want of room',
            waits('DISK_FULL'),
            { begin: () => disk.fill(), end: () => disk.empty() },
          ],
          [
            'refused by a read-only disk',
            waits('TEMP_DIR_UNUSABLE'),
            {
              begin: () => disk.makeReadOnly(),
              end: () => disk.makeWritable(),
            },
          ],
        ])
      : []),
    ...of('a start of ffmpeg', [
      ['without the program', waits('FFMPEG_MISSING'), { ...ffmpeg(''), begin: () => rm(path('ffmpeg')) }],
      ['left without any output', fails('FFMPEG_STALLED'), ffmpeg('exec sleep 60')],
      ['killed', fails('FFMPEG_FAILED'), ffmpeg('kill -9 $$')],
      ['ended in the middle of its input', fails('FFMPEG_FAILED'), ffmpeg('head -c 50 >/dev/null; exit 1')],
      // The packets go to the descriptor 3.
      [
        'cut in the middle of its output',
        fails('VERIFY_FAILED'),
        ffmpeg('ffmpeg "$@" 3>&1 >/dev/null | head -c 300 >&3'),
      ],
      [
        'answered with something else',
        fails('VERIFY_FAILED'),
        ffmpeg('cat >/dev/null; head -c 5000 /dev/zero >&3'),
      ],
    ]),
    ...of('a request to the image process', [
      ['killed', waits('MACHINE_BUSY'), images("process.kill(process.pid, 'SIGKILL')")],
      ['ended without an answer', waits('MACHINE_BUSY'), images('process.exit(0)')],
      ['answered with something else', waits('MACHINE_BUSY'), images("process.send({ kind: 'x' })")],
      ['left without an answer', fails('BAKE_TIMEOUT'), { ...images(''), timeoutSeconds: 2 }],
    ]),
  ];

  it.each(ROWS)('$call, $how, has its effect, and no other', async (row) => {
    const own = openQueueFixture({ ...redis, url: redisFront.url }, { attempts: 1 });
    const isRemoval = row.call.includes('DELETE');
    const secrets = openSecrets(['a secret']);
    const isAllowed = () => ({ trusted: true });
    const account = { connectMs: 600, idleMs: 600, endpoint: front.endpoint };
    const storage = openStorage({ ...s3.account('blobs'), ...account });
    const tapeBucket = openTapeBucket({ ...s3.account('art'), ...account });
    onTestFinished(() => {
      storage.close();
      tapeBucket.close();
    });
    const limits = { connectMs: 300, idleMs: 300, totalMs: 1500 };
    const real = openSource({
      ...limits,
      tapeBuckets: [tapeBucket],
      allowed: isAllowed,
      maxBytes: 1e6,
      attempts: 1,
    });
    let isBegun = false;
    const bake = tapeBaker({
      source: {
        fetch: async (...how) => {
          if (!isBegun && !isRemoval) await row.begin?.();
          isBegun = true;
          return real.fetch(...how);
        },
      },
      storage,
      tempDir: disk.temp,
      limits: DEFAULT_LIMITS,
      timeoutSeconds: row.timeoutSeconds ?? 30,
      // On a busy machine an encoder may show no progress for some seconds.
      stallSeconds:
        row.effect !== 'none' && 'fails' in row.effect && row.effect.fails === 'FFMPEG_STALLED' ? 2 : 30,
      scale: 1,
      reportProgress: openProgressReports({ secrets, isAllowed, timeoutMs: 200, everyMs: 10 }),
      ffmpeg: path('ffmpeg'),
    });
    let hasFault = true;
    const { deliver } = openDelivery({ secrets, isAllowed, timeoutMs: 400, schedule: Array(50).fill(30) });
    const workers = await own.work({
      bake,
      deliver,
      // A Redis that takes no writes renews no lock: on a busy machine the job would be lost before it waits.
      lockMs: 30_000,
      faultWaits: { first: 50, longest: 200, giveUp: 60_000 },
      probe: async () => {
        if (hasFault) throw new Error('It lasts.');
      },
    });
    const { jobId } = await own.queue.submit(
      requestFor('tape', {
        zipUrl: source.url('/tape.zip').href,
        callbackUrl: `${receiver.url}/hook`,
        outputs: [{ kind: 'thumbnail' }],
        secretFingerprint: secrets.accepts('a secret')!,
        ...row.request?.(),
      }),
    );
    const { effect } = row;
    const report = async () => (await own.queue.status(jobId))!;
    if (effect !== 'none' && 'waits' in effect) {
      await until('the worker waits', () => workers.fault() !== undefined);
      expect(workers.fault()).toMatchObject({ code: effect.waits });
    }
    if (effect !== 'none' && 'sentAgain' in effect) {
      const isSent = async () => ((await report()).callback.attempts >= 2 ? report() : undefined);
      expect((await until('two attempts', isSent)).callback).toMatchObject({
        delivered: false,
        lastError: expect.stringMatching(effect.sentAgain),
      });
    }
    if (isRemoval) {
      await own.is(jobId, 'done');
      await row.begin?.();
      const removed = storage.remove('tape');
      if (effect === 'none') await removed;
      else await expect(removed).rejects.toMatchObject({ code: (effect as { keeps: string }).keeps });
    }
    await row.end?.();
    hasFault = false;
    if (isRemoval) {
      await storage.remove('tape');
      expect((await fetch(new URL('/blobs/tapes/tape-thumb.jpg', s3.endpoint))).status).toBe(404);
    }
    if (effect !== 'none' && 'fails' in effect) {
      expect((await own.is(jobId, 'failed')).error).toMatchObject({ code: effect.fails });
    } else await own.is(jobId, 'done');
    await until('the callback', async () => (await report()).callback.delivered);
    expect(await readdir(disk.temp)).toEqual([]);
  });
});
