import { createHash } from 'node:crypto';
import type { Delivery } from '../schemas/outcome.ts';
import type { BakeRequest, OutputRequest } from '../schemas/request.ts';

/** Data of a job in the queue of bakes. */
export interface BakeData {
  readonly request: BakeRequest;
  readonly callbackId: string;
}

/** Data of a job in the queue of callbacks; its id is the callback's id. */
export interface CallbackData {
  readonly request: BakeRequest;
  readonly jobId: string;
  readonly delivery: Delivery;
  /** Attempts since it was last asked for. */
  readonly tried: number;
}

/** What the files of a tape are named by. */
export function fileNameOf({ slug, fileName }: Pick<BakeRequest, 'slug' | 'fileName'>): string {
  return fileName ?? slug;
}

/** Every name under which a tape is found: its slug, and that of its files. */
export function namesOf(request: Pick<BakeRequest, 'slug' | 'fileName'>): string[] {
  return [...new Set([request.slug, fileNameOf(request)])];
}

/**
 * The identity of a request, the same for every way to write it: 32 hex digits of a hash of tape, address of the ZIP
 * without its query (signatures change) and the outputs in any order. Throws TypeError when zipUrl is no URL.
 */
export function identityOf(request: Pick<BakeRequest, 'mongoId' | 'slug' | 'zipUrl' | 'outputs'>): string {
  const url = new URL(request.zipUrl);
  url.search = '';
  url.hash = '';
  const outputs = request.outputs.map(canonical).sort();
  const text = JSON.stringify([request.mongoId, request.slug, url.href, outputs]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** The id of the job after `jobId` for the same request: abc, abc-2, abc-3. */
export function nextJobId(jobId: string): string {
  const [identity = jobId, number = '1'] = jobId.split('-');
  return `${identity}-${Number(number) + 1}`;
}

function canonical({ kind, scale, maxSide }: OutputRequest): string {
  return JSON.stringify([kind, scale ?? null, maxSide ?? null]);
}
