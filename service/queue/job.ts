/** The data of the two jobs of a tape, and the ids of jobs. */
import { createHash } from 'node:crypto';
import { KIND_OPTIONS } from '../bake/outputs.ts';
import type { Delivery, DeliveryAttempt } from '../schemas/outcome.ts';
import { aclOf, type BakeRequest, hasKeys, type OutputRequest } from '../schemas/request.ts';

/** Data of a bake job. */
export interface BakeData {
  /**
   * Without `metadata`, which may have 60 KiB: the callback alone needs it, and its job keeps it. Jobs of older releases have it here too; an
   * older release that runs a job of this one tells the receiver the same.
   */
  readonly request: BakeRequest;
  readonly callbackId: string;
  /** Of the request that asked to bake again. */
  readonly rebakeId?: string | undefined;
  /** Since when (in milliseconds since 1970), and how often, it was postponed for a fault that is not the tape's. */
  readonly postponed?: Postponed | undefined;
}

export interface Postponed {
  readonly since: number;
  readonly times: number;
  /** The hosts that gave it back at once, for others to bake. */
  readonly hosts?: readonly string[] | undefined;
}

/** Data of a callback job; the id of the job is the callback's id. */
export interface CallbackData {
  /** The newest request, which may differ from the one that is baked in what only the receiver sees. */
  readonly request: BakeRequest;
  readonly jobId: string;
  readonly delivery: Delivery;
  /** Attempts since the first submit, or since the last replay. */
  readonly tried: number;
  /** The last attempts, for the operator. */
  readonly attemptLog?: readonly DeliveryAttempt[] | undefined;
}

/** What a bake needs of its request. */
export function withoutMetadata({ metadata, ...request }: BakeRequest): BakeRequest {
  return request;
}

/** The slug for the log, which names no private tape. */
export function loggedSlug({ slug, private: isPrivate }: Pick<BakeRequest, 'slug' | 'private'>) {
  return isPrivate ? undefined : slug;
}

/** The name of a tape's files. */
export function fileNameOf({ slug, fileName }: Pick<BakeRequest, 'slug' | 'fileName'>): string {
  return fileName ?? slug;
}

/** Every name under which the index has a tape: its slug, and the name of its files. */
export function namesOf(request: Pick<BakeRequest, 'slug' | 'fileName'>): string[] {
  return [...new Set([request.slug, fileNameOf(request)])];
}

/**
 * The identity of a request: 32 hex digits of a hash of the tape, the URL of its ZIP without the query (signatures change), the
 * outputs in any order, and who may know and read them if that is not everyone. Equal requests have the same identity, and so the
 * same job, on any number of hosts. Throws TypeError if zipUrl is no URL.
 */
export function identityOf(
  request: Pick<BakeRequest, 'mongoId' | 'slug' | 'zipUrl' | 'outputs' | 'private' | 'acl'>,
): string {
  const url = new URL(request.zipUrl);
  url.search = '';
  url.hash = '';
  const outputs = request.outputs.map(canonical).sort();
  const facts: unknown[] = [request.mongoId, request.slug, url.href, outputs];
  if (hasKeys(request)) facts.push(request.private === true, aclOf(request));
  const text = JSON.stringify(facts);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** The id of the job after `jobId` for the same request: abc, abc-2, abc-3. */
export function nextJobId(jobId: string): string {
  const [identity = jobId, number = '1'] = jobId.split('-');
  return `${identity}-${Number(number) + 1}`;
}

function canonical({ kind, scale, maxSide, ...options }: OutputRequest): string {
  const basics = [kind, scale ?? null, maxSide ?? null];
  // Older releases know nothing of these options. A request that says the usual value is equal to one that says nothing.
  const usual: Readonly<Record<string, unknown>> =
    kind in KIND_OPTIONS ? KIND_OPTIONS[kind as keyof typeof KIND_OPTIONS] : {};
  const changed = Object.entries(options)
    .filter(([name, value]) => value !== undefined && value !== usual[name])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(changed.length === 0 ? basics : [...basics, Object.fromEntries(changed)]);
}
