import { createHash } from 'node:crypto';
import type { OutputRequest } from '../bake/outputs.ts';

/** What is to be baked, as Redis keeps it: the caller's secret is here as a fingerprint only. */
export interface BakeRequest {
  readonly mongoId: string;
  readonly slug: string;
  readonly zipUrl: string;
  readonly callbackUrl: string;
  readonly progressUrl?: string | undefined;
  readonly metadata?: unknown;
  readonly code?: string | undefined;
  /** What the files are named by, where it is not the slug. */
  readonly fileName?: string | undefined;
  /** URL of an MP4 from before Oven. */
  readonly replaces?: string | undefined;
  readonly outputs: readonly OutputRequest[];
  readonly secretFingerprint: string;
}

/** What a bake made. */
export interface BakeResult {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** In seconds. */
  readonly duration: number;
  readonly bytes: number;
  /** Kind of output to its public URL. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Name of a stage to its seconds. */
  readonly timings?: Readonly<Record<string, number>> | undefined;
}

/** Why a bake failed, fit to be shown to anybody; `retryable`: the same tape may bake later. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

export type Stage = 'downloading' | 'opening' | 'encoding' | 'uploading';

/** How far a bake is; `progress` of the whole bake, 0 to 1. */
export interface StageProgress {
  readonly stage: Stage;
  readonly progress: number;
}

/** Data of a job in the queue of bakes. */
export interface BakeData {
  readonly request: BakeRequest;
  readonly callbackId: string;
}

/** How the delivery of a callback stands. */
export interface Delivery {
  readonly delivered: boolean;
  readonly attempts: number;
  readonly lastError?: string | undefined;
  /** Whether it was given up: nothing more is sent unless asked for. */
  readonly givenUp?: boolean | undefined;
}

/** Data of a job in the queue of callbacks; its id is the callback's id. */
export interface CallbackData {
  readonly request: BakeRequest;
  readonly jobId: string;
  readonly delivery: Delivery;
  /** Attempts since it was last asked for. */
  readonly tried: number;
}

/** How a bake ended. */
export type Outcome = { readonly result: BakeResult } | { readonly failure: Failure };

const FIELDS = [
  'mongoId',
  'slug',
  'zipUrl',
  'callbackUrl',
  'progressUrl',
  'metadata',
  'code',
  'fileName',
  'replaces',
  'outputs',
  'secretFingerprint',
] as const satisfies readonly (keyof BakeRequest)[];

/** The request and nothing else, so that no field a caller left in it (a secret above all) gets to Redis. */
export function onlyRequest(request: BakeRequest): BakeRequest {
  return Object.fromEntries(FIELDS.map((field) => [field, request[field]])) as unknown as BakeRequest;
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
