/** Uploads one file to S3. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

/** Bytes of a part; a file up to this size is sent in one request. */
const PART_BYTES = 8 * 1024 * 1024;
/** Parts that are sent, and held in memory, at once. */
const PARTS_AT_ONCE = 2;
/** Milliseconds to remove the parts of a failed upload. */
const ABORT_MS = 15_000;
const ABORT_ROUNDS = 3;
const ABORT_PAUSE_MS = 100;

export type Target = Omit<PutObjectCommandInput, 'Body' | 'ContentLength'>;

/**
 * Stores a file as an object: in one request, or in parts if it is large. The object appears only when it is whole. When an upload
 * fails or is aborted, its parts are removed before this rejects. Throws what the client throws, and errors of the file unchanged.
 */
export async function upload(
  client: S3Client,
  path: string,
  target: Target,
  signal: AbortSignal,
): Promise<void> {
  const { size } = await stat(path);
  if (size > PART_BYTES) return inParts(client, path, target, signal);
  // From memory: the client can't send a stream a second time.
  const Body = await readFile(path);
  await client.send(new PutObjectCommand({ ...target, Body }), { abortSignal: signal });
}

async function inParts(client: S3Client, path: string, target: Target, signal: AbortSignal): Promise<void> {
  const Body = createReadStream(path, { highWaterMark: 1024 * 1024 });
  Body.on('error', () => {}); // one that comes before the first read would end the process
  let uploadId: string | undefined;
  // Upload's own abort leaves requests running, and removes the parts before those have ended.
  const send = async (command: Parameters<S3Client['send']>[0]) => {
    const answer = await client.send(command, { abortSignal: signal });
    if (command instanceof CreateMultipartUploadCommand)
      ({ UploadId: uploadId } = answer as { UploadId: string });
    return answer;
  };
  try {
    await new Upload({
      client: { config: client.config, send } as unknown as S3Client,
      params: { ...target, Body },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
      leavePartsOnError: true,
    }).done();
  } catch (error) {
    if (uploadId !== undefined) await removeParts(client, target, uploadId);
    throw error;
  } finally {
    Body.destroy();
  }
}

/**
 * Removes the parts of an upload, as far as possible. The server may store a part after the first removal, so the request is
 * repeated until the server knows no such upload.
 */
async function removeParts(client: S3Client, { Bucket, Key }: Target, UploadId: string): Promise<void> {
  const abortSignal = AbortSignal.timeout(ABORT_MS);
  for (let round = 1; round <= ABORT_ROUNDS; round += 1) {
    try {
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { abortSignal });
    } catch {
      return; // removed, or unreachable: then the bucket's rule for unfinished uploads removes them
    }
    if (round < ABORT_ROUNDS) await delay(ABORT_PAUSE_MS);
  }
}
