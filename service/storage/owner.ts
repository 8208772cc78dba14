import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { StorageError } from './errors.ts';
import { classifyS3Error } from './s3.ts';
import type { TapeOwner } from './storage.ts';

/** An object as it is in the bucket just now. */
interface ObjectHead {
  readonly etag: string | undefined;
  readonly mongoId: string | undefined;
}

/** The object of a key, or undefined where there is none. Throws what the client throws. */
export async function headObject(
  client: S3Client,
  Bucket: string,
  Key: string,
  abortSignal: AbortSignal,
): Promise<ObjectHead | undefined> {
  try {
    const { ETag, Metadata } = await client.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal });
    return { etag: ETag, mongoId: readOwner(Metadata) };
  } catch (error) {
    if (classifyS3Error(error) === 'not-found') return undefined;
    throw error;
  }
}

/**
 * Throws SLUG_TAKEN when one of a name's objects is not this tape's; one that says nothing of its owner was not stored by
 * Oven, and is nobody's to replace unless `unowned`.
 */
export function assertOwned(found: readonly (ObjectHead | undefined)[], whose: TapeOwner): void {
  if (found.some((object) => object && !isOwnedBy(object.mongoId, whose)))
    throw new StorageError('SLUG_TAKEN');
}

/** Whether an owner, undefined for none, is the one who is meant. */
export function isOwnedBy(owner: string | undefined, { mongoId, unowned }: TapeOwner): boolean {
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
