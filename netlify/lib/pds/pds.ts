import { AtpAgent } from '@atproto/api';
import type { Blob, Tape } from '../tapes/tape.ts';
import type { Account } from './accounts.ts';
import { PdsError, toPdsError } from './errors.ts';
import { COLLECTION, isOfAnotherTape, recordKey, sameRecord, tapeRecord } from './record.ts';
import { fetchKeepingRequest, openSessions, untilAborted } from './sessions.ts';

/** The record of a tape in the PDS. */
export type RecordReference = NonNullable<Tape['at']>;

/** The functions' interface to the PDS. Methods throw PdsError, with PDS_TIMEOUT when the signal aborts. */
export interface Pds {
  /** The largest blob in bytes; undefined when the PDS does not say it. */
  blobLimit(signal: AbortSignal): Promise<number | undefined>;
  upload(account: Account, mp4: Uint8Array, signal: AbortSignal): Promise<Blob>;
  /** Writes the record of a tape, or finds the same record. */
  put(account: Account, tape: Tape, video: Blob, signal: AbortSignal): Promise<RecordReference>;
  /** Removes the record of a tape, if there is one. */
  remove(account: Account, tape: Tape, signal: AbortSignal): Promise<void>;
}

export function openPds(service: URL): Pds {
  const as = openSessions(service);
  return {
    blobLimit: async (signal) => {
      try {
        const { server } = new AtpAgent({ service, fetch: fetchKeepingRequest }).com.atproto;
        const { data } = await untilAborted(server.describeServer({}, { signal }), signal);
        // Some PDSs do not say it.
        const { blobUploadLimit = 0 } = data;
        return blobUploadLimit > 0 ? blobUploadLimit : undefined;
      } catch (error) {
        throw toPdsError(error);
      }
    },

    upload: (account, mp4, signal) =>
      as(
        account,
        async (agent) => {
          const { data } = await agent.uploadBlob(mp4, { encoding: 'video/mp4', signal });
          const { ref, mimeType, size } = data.blob;
          if (size !== mp4.length)
            throw new PdsError('PDS_REFUSED', 'The PDS kept another blob than was sent.');
          return { cid: ref.toString(), mimeType, size };
        },
        signal,
      ),

    put: (account, tape, video, signal) =>
      as(
        account,
        async (agent) => {
          const repo = agent.assertDid;
          const rkey = recordKey(tape);
          const key = { repo, collection: COLLECTION, rkey };
          const before = await read(agent, key, signal);
          const record = tapeRecord(tape, video);
          if (before && isOfAnotherTape(before.value, tape)) {
            throw new PdsError('PDS_REFUSED', 'Another tape has this record key.', { retryAfter: 3600 });
          }
          if (before?.cid && sameRecord(before.value, record))
            return { rkey, uri: before.uri, cid: before.cid };
          // It replaces only the record that it read, so a delayed request can't undo a later one.
          const swapRecord = before?.cid ?? null;
          const { data } = await agent.com.atproto.repo.putRecord({ ...key, record, swapRecord }, { signal });
          return { rkey, uri: data.uri, cid: data.cid };
        },
        signal,
      ),

    remove: (account, tape, signal) =>
      as(
        account,
        async (agent) => {
          const key = { repo: agent.assertDid, collection: COLLECTION, rkey: recordKey(tape) };
          await agent.com.atproto.repo.deleteRecord(key, { signal });
        },
        signal,
      ),
  };
}

async function read(
  agent: AtpAgent,
  key: { repo: string; collection: string; rkey: string },
  signal: AbortSignal,
) {
  try {
    return (await agent.com.atproto.repo.getRecord(key, { signal })).data;
  } catch (error) {
    if ((error as { error?: unknown }).error === 'RecordNotFound') return undefined;
    throw error;
  }
}
