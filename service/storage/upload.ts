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

/** Bytes of a part, and of the largest file that is sent in one request. */
const PART_BYTES = 8 * 1024 * 1024;
/** Parts on their way, and in memory, at once. */
const PARTS_AT_ONCE = 2;
/** Milliseconds to take back an upload that failed. */
const ABORT_MS = 15_000;
const ABORT_ROUNDS = 3;
const ABORT_PAUSE_MS = 100;

export type Target = Omit<PutObjectCommandInput, 'Body' | 'ContentLength'>;

/**
 * Stores a file as an object: in one request, or in parts when large. Either way the object is there only when all of it
 * is, and the parts of an upload that fails or is aborted are taken back before this rejects. Throws what the client
 * throws, and errors of the file as they are.
 */
export async function upload(
  client: S3Client,
  path: string,
  target: Target,
  signal: AbortSignal,
): Promise<void> {
  const { size } = await stat(path);
  if (size > PART_BYTES) return inParts(client, path, target, signal);
  // From memory, since the client can't send a stream a second time.
  const Body = await readFile(path);
  await client.send(new PutObjectCommand({ ...target, Body }), { abortSignal: signal });
}

async function inParts(client: S3Client, path: string, target: Target, signal: AbortSignal): Promise<void> {
  const Body = createReadStream(path, { highWaterMark: 1024 * 1024 });
  let uploadId: string | undefined;
  // Upload's own abort leaves requests running, and its taking back comes before they have ended.
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
    if (uploadId !== undefined) await takeBack(client, target, uploadId);
    throw error;
  } finally {
    Body.destroy();
  }
}

/**
 * Removes the parts of an upload, as well as can be: a part that the server was just about to keep may come after the first
 * removal, so that it is asked again until it knows of no such upload.
 */
async function takeBack(client: S3Client, { Bucket, Key }: Target, UploadId: string): Promise<void> {
  const abortSignal = AbortSignal.timeout(ABORT_MS);
  for (let round = 1; round <= ABORT_ROUNDS; round += 1) {
    try {
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { abortSignal });
    } catch {
      return; // gone, or out of reach: then the bucket's own rule for unfinished uploads takes them
    }
    if (round < ABORT_ROUNDS) await delay(ABORT_PAUSE_MS);
  }
}
