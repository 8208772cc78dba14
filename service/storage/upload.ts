import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
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
  try {
    const params = { ...target, Body };
    await new Upload({
      client: heeding(client, signal),
      params,
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    }).done();
  } finally {
    Body.destroy();
  }
}

/**
 * A client whose requests end when the signal aborts, all but the one that takes the parts back. Upload's own abort leaves
 * requests running, and rejects before the parts are gone.
 */
function heeding(client: S3Client, signal: AbortSignal): S3Client {
  const send = (command: Parameters<S3Client['send']>[0]) => {
    const isLast = command instanceof AbortMultipartUploadCommand;
    return client.send(command, { abortSignal: isLast ? AbortSignal.timeout(ABORT_MS) : signal });
  };
  return { config: client.config, send } as unknown as S3Client;
}
