import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
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
 * Throws SLUG_TAKEN when one of a slug's objects is not this tape's; one that says nothing of its owner was not stored by
 * Oven, and is nobody's to replace.
 */
export function assertOwned(found: readonly (Found | undefined)[], mongoId: string): void {
  if (found.some((object) => object && object.mongoId !== mongoId)) throw new StorageError('SLUG_TAKEN');
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
