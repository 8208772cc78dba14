import { createHash } from 'node:crypto';
import type { BakeRequest, OutputRequest } from './job.ts';

/**
 * The identity of a request, the same for every way to write it: 32 hex digits of a hash of tape, address of the ZIP
 * without its query (signatures change) and the outputs in any order. Throws TypeError when zipUrl is no URL.
 */
export function identify(request: Pick<BakeRequest, 'mongoId' | 'slug' | 'zipUrl' | 'outputs'>): string {
  const url = new URL(request.zipUrl);
  url.search = '';
  url.hash = '';
  const outputs = request.outputs.map(canonical).sort();
  const text = JSON.stringify([request.mongoId, request.slug, url.href, outputs]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** The id of the job after `jobId` for the same request: abc, abc-2, abc-3. */
export function rebake(jobId: string): string {
  const [identity = jobId, number = '1'] = jobId.split('-');
  return `${identity}-${Number(number) + 1}`;
}

function canonical({ kind, scale, maxSide }: OutputRequest): string {
  return JSON.stringify([kind, scale ?? null, maxSide ?? null]);
}
