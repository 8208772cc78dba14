import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Secrets } from '../callback/secrets.ts';
import type { DiskMonitor } from '../health/disk.ts';
import type { Log } from '../lib/log.ts';
import type { Queue } from '../queue/queue.ts';
import type { Allowed } from '../source/allow-list.ts';
import type { OutputStorage } from '../storage/storage.ts';
import type { DrainState } from './routes/drain.ts';

/** What every route knows of its request. */
export interface Env {
  readonly Variables: { readonly requestId: string };
}

export type App = OpenAPIHono<Env>;

/** What the routes work on. */
export interface Deps {
  readonly queue: Queue;
  readonly storage: Pick<OutputStorage, 'remove' | 'folder'>;
  readonly secrets: Pick<Secrets, 'accepts'>;
  readonly isSourceAllowed: Allowed;
  readonly isCallbackAllowed: Allowed;
  readonly maxQueued: number;
  /** What files are named by, unless a request says otherwise. */
  readonly outputName: 'slug' | 'code';
  readonly disk: DiskMonitor;
  readonly drain: DrainState;
  /** Of the service, without a slash at its end. */
  readonly publicUrl: string;
  readonly release: string;
  readonly log: Log;
}
