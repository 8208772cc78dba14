/** The twelve kinds of failure: how each is made, and the lines of the log that must tell it. */
import { BYTES } from '../tapes/hostile/bytes.ts';
import type { Line, World } from './world.ts';

/** Fields that a line has. */
export type Facts = Partial<Line> & { readonly level: string; readonly msg: string };

export interface Failure {
  /** A heading of docs/operate.md. */
  readonly title: string;
  readonly slug: string;
  /** The ZIP, if it is not a good one. */
  readonly zip?: () => Buffer;
  /** Other fields of the request. */
  readonly fields?: object;
  readonly begin?: (world: World) => unknown;
  readonly end?: (world: World) => unknown;
  /** Done by the operator once its bake has begun. */
  readonly isCancelled?: true;
  /** The worker stops for it, so it needs a turn of its own. */
  readonly code?: string;
  /** The lines about its job, in this order, perhaps with others between. The last one ends the story. */
  readonly lines: readonly Facts[];
}

const MP4 = { outputs: [{ kind: 'mp4' }] };
const THUMBNAIL = { outputs: [{ kind: 'thumbnail' }] };
const DELIVERED: Facts = { level: 'info', msg: 'callback delivered' };
const failed = (level: string, code: string, attempt = 1): Facts => ({
  level,
  msg: 'bake failed',
  code,
  attempt,
});
const postponed = (code: string): Facts => ({ level: 'warn', msg: 'bake postponed', code });
const badCrc = BYTES.find(({ code }) => code === 'ENTRY_CRC')!;

/** Those that stop no worker. They happen at the same time. */
export const OF_ONE_TAPE: readonly Failure[] = [
  {
    title: 'A bad ZIP',
    slug: 'bad-zip',
    zip: () => Buffer.from('no ZIP'),
    lines: [failed('info', 'NOT_A_ZIP'), DELIVERED],
  },
  {
    title: 'A bad checksum',
    slug: 'bad-checksum',
    zip: badCrc.make,
    lines: [failed('info', 'ENTRY_CRC'), DELIVERED],
  },
  {
    title: 'The encoder exits',
    slug: 'encoder-exits',
    fields: MP4,
    lines: [failed('warn', 'FFMPEG_FAILED'), failed('info', 'TAPE_NOT_ENCODABLE', 2), DELIVERED],
  },
  {
    title: 'The encoder is killed',
    slug: 'encoder-killed',
    fields: MP4,
    lines: [failed('warn', 'FFMPEG_FAILED'), { level: 'info', msg: 'bake ended', attempt: 2 }, DELIVERED],
  },
  {
    title: 'The encoder stalls',
    slug: 'encoder-stalls',
    fields: MP4,
    lines: [failed('warn', 'FFMPEG_STALLED'), { level: 'info', msg: 'bake ended', attempt: 2 }, DELIVERED],
  },
  {
    title: 'A callback is answered with 500, then with 200',
    slug: 'callback-500',
    lines: [
      { level: 'info', msg: 'bake ended' },
      { level: 'info', msg: 'callback failed', attempt: 1, lastError: 'The receiver answered 500.' },
      { ...DELIVERED, attempt: 2 },
    ],
  },
  {
    title: 'A callback is given up',
    slug: 'callback-given-up',
    fields: THUMBNAIL,
    lines: [{ level: 'warn', msg: 'callback given up', lastError: 'The receiver answered 410.' }],
  },
  {
    title: 'A job is cancelled',
    slug: 'cancelled',
    fields: MP4,
    isCancelled: true,
    lines: [{ level: 'info', msg: 'bake stopped', code: 'CANCELLED' }, DELIVERED],
  },
];

/** Was in the queue before the service started: five workers had taken it and were lost, and so was the sixth. */
export const WORKER_LOST: Failure = {
  title: 'A worker is lost too often',
  slug: 'worker-lost',
  fields: THUMBNAIL,
  lines: [{ level: 'warn', msg: 'job stalled', queue: 'bakes' }, failed('error', 'WORKER_LOST'), DELIVERED],
};

/** Those for which the worker stops. They happen one after the other. */
export const OF_NEIGHBOURS: readonly Failure[] = [
  {
    title: 'The storage answers 403',
    slug: 'storage-403',
    fields: THUMBNAIL,
    code: 'STORAGE_MISCONFIGURED',
    begin: ({ forbid }) => forbid('storage-403'),
    end: ({ forbid }) => forbid(undefined),
    lines: [postponed('STORAGE_MISCONFIGURED')],
  },
  {
    title: 'The storage is down',
    slug: 'storage-down',
    fields: THUMBNAIL,
    code: 'STORAGE_UNREACHABLE',
    begin: ({ front }) => {
      front.rule = ({ path }) => (path.includes('tapes/storage-down') ? 'drop' : 'pass');
    },
    end: ({ front }) => front.reset(),
    lines: [postponed('STORAGE_UNREACHABLE')],
  },
];

/** The last: the probe fails too, so that the worker waits. It needs the right to mount a disk. */
export const DISK_FULL: Failure = {
  title: 'The disk is full',
  slug: 'disk-full',
  fields: THUMBNAIL,
  code: 'DISK_FULL',
  begin: ({ disk }) => disk.fill(),
  end: ({ disk }) => disk.empty(),
  lines: [postponed('DISK_FULL')],
};
