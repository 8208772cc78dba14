import { HttpError, tryLater } from './http.ts';

/** An open response with an MP4: its size is checked, its bytes are not read yet. */
export interface Mp4 {
  readonly bytes: number;
  /** Reads all of it. Throws 503 when there are more or fewer bytes than `bytes`. */
  read(): Promise<Uint8Array>;
  /** Closes the connection of an MP4 that was not read. */
  close(): Promise<void>;
}

/** Seconds for which a CDN may serve an older file of the same URL: Oven's Cache-Control. */
const CDN_SECONDS = 300;

/** Throws 403 unless `url` is the URL of the file `name` in Oven's storage. */
export function checkFileUrl(bases: readonly URL[], url: string, name: string, field: string): void {
  const allowed = bases.some((base) => `${base.href.replace(/\/$/, '')}/tapes/${name}` === url);
  if (!allowed) {
    throw new HttpError(403, 'URL_NOT_ALLOWED', `${field} is not the URL of this tape in Oven’s storage.`);
  }
}

/**
 * Requests an MP4 and checks its size before it reads. Throws 503 when the file is missing, when its size is unknown, or when it differs from
 * `expected`, Oven's size: then it is a CDN's older copy or the file of a later bake.
 */
export async function openMp4(url: string, expected: number | undefined, signal: AbortSignal): Promise<Mp4> {
  const headers = { 'accept-encoding': 'identity' };
  const answer = await fetch(url, { headers, signal, redirect: 'error' }).catch((cause: unknown) => {
    throw tryLater('MP4_UNREACHABLE', 'The MP4 can’t be fetched just now.', 10, cause);
  });
  const close = async () => void (await answer.body?.cancel().catch(() => {}));
  const bytes = Number(answer.headers.get('content-length') ?? Number.NaN);
  const encoded = answer.headers.get('content-encoding') ?? 'identity';
  if (answer.status !== 200) {
    await close();
    throw tryLater('MP4_UNREACHABLE', `The storage answers ${answer.status} for the MP4.`, 30);
  }
  if (!Number.isSafeInteger(bytes) || bytes <= 0 || encoded !== 'identity') {
    await close();
    throw tryLater('MP4_WRONG_SIZE', 'The storage doesn’t say how large the MP4 is.', CDN_SECONDS);
  }
  if (expected !== undefined && bytes !== expected) {
    await close();
    throw tryLater('MP4_WRONG_SIZE', 'The MP4 is not as large as Oven said.', CDN_SECONDS);
  }
  return { bytes, close, read: () => readAll(answer, bytes) };
}

async function readAll(answer: Response, bytes: number): Promise<Uint8Array> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  try {
    for await (const chunk of answer.body ?? []) {
      if (at + chunk.length > bytes) break;
      whole.set(chunk, at);
      at += chunk.length;
    }
  } catch (cause) {
    throw tryLater('MP4_UNREACHABLE', 'The MP4 could not be read to its end.', 10, cause);
  }
  if (at === bytes) return whole;
  throw tryLater('MP4_UNREACHABLE', 'The MP4 could not be read to its end.', 10);
}
