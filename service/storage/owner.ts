import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Whose } from './blobs.ts';
import { StorageError } from './errors.ts';
import { faultOf } from './fault.ts';

/** An object as it is in the bucket just now. */
interface Found {
  readonly etag: string | undefined;
  readonly mongoId: string | undefined;
}

/** The object of a key, or undefined where there is none. Throws what the client throws. */
export async function look(
  client: S3Client,
  Bucket: string,
  Key: string,
  abortSignal: AbortSignal,
): Promise<Found | undefined> {
  try {
    const { ETag, Metadata } = await client.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal });
    return { etag: ETag, mongoId: readOwner(Metadata) };
  } catch (error) {
    if (faultOf(error) === 'not-found') return undefined;
    throw error;
  }
}

/**
 * Throws SLUG_TAKEN when one of a name's objects is not this tape's; one that says nothing of its owner was not stored by
 * Oven, and is nobody's to replace unless `unowned`.
 */
export function assertOwned(found: readonly (Found | undefined)[], whose: Whose): void {
  if (found.some((object) => object && !isOf(object.mongoId, whose))) throw new StorageError('SLUG_TAKEN');
}

/** Whether an owner, undefined for none, is the one who is meant. */
export function isOf(owner: string | undefined, { mongoId, unowned }: Whose): boolean {
  return owner === undefined ? unowned : owner === mongoId;
}

/** What an object says of its owner; headers hold no more than ASCII. */
export function ownerMetadata(mongoId: string): Record<string, string> {
  return { mongoid: encodeURIComponent(mongoId) };
}

function readOwner(metadata: Record<string, string> | undefined): string | undefined {
  try {
    return metadata?.mongoid === undefined ? undefined : decodeURIComponent(metadata.mongoid);
  } catch {
    return undefined;
  }
}
