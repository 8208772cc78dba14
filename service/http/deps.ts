import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Secrets } from '../callback/secrets.ts';
import type { Allowed } from '../fetch/allowed.ts';
import type { Disk } from '../health/disk.ts';
import type { Log } from '../log.ts';
import type { Queue } from '../queue/bakes.ts';
import type { Blobs } from '../storage/blobs.ts';
import type { Drain } from './drain.ts';

/** What every route knows of its request. */
export interface Env {
  readonly Variables: { readonly requestId: string };
}

export type App = OpenAPIHono<Env>;

/** What the routes work on. */
export interface Deps {
  readonly queue: Queue;
  readonly blobs: Pick<Blobs, 'remove' | 'folder'>;
  readonly secrets: Pick<Secrets, 'accepts'>;
  readonly isSourceAllowed: Allowed;
  readonly isCallbackAllowed: Allowed;
  readonly maxQueued: number;
  /** What files are named by, unless a request says otherwise. */
  readonly outputName: 'slug' | 'code';
  readonly disk: Disk;
  readonly drain: Drain;
  /** Of the service, without a slash at its end. */
  readonly publicUrl: string;
  readonly release: string;
  readonly log: Log;
}
