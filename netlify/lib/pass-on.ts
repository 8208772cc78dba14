import { type Deadline, within } from './deadline.ts';
import { HttpError, tryLater } from './http.ts';

const MARK = 'x-oven-passed-on';
/** Headers that say who sends what. */
const PASSED = ['accept', 'authorization', 'content-type', 'origin', 'user-agent'];
/** Headers of an answer that belong to its connection or to the form of its bytes. */
const NOT_RETURNED = ['connection', 'content-encoding', 'content-length', 'keep-alive', 'transfer-encoding'];
const SECONDS = 20;

/**
 * Passes a request for media that is no tape on to `url`, and gives its answer. Throws 400 while no URL is set, 508 when the URL leads back
 * here, and 503 when nothing answers.
 */
export async function passOn(
  url: URL | undefined,
  request: Request,
  body: string,
  deadline: Deadline,
): Promise<Response> {
  if (url === undefined)
    throw new HttpError(400, 'UNSUPPORTED_MEDIA', 'Only tapes (ext "zip") are taken here.');
  if (request.headers.has(MARK)) {
    throw new HttpError(508, 'PASSED_ON_TWICE', 'OTHER_MEDIA_URL leads back to this function.');
  }
  const headers = Object.fromEntries(
    PASSED.flatMap((name) => {
      const value = request.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  const signal = within(SECONDS, deadline);
  const { method } = request;
  try {
    const sent = { method, body, signal, headers: { ...headers, [MARK]: '1' }, redirect: 'manual' } as const;
    const answer = await fetch(url, sent);
    const kept = [...answer.headers].filter(([name]) => !NOT_RETURNED.includes(name));
    const bytes = await answer.arrayBuffer();
    return new Response([204, 304].includes(answer.status) ? null : bytes, {
      status: answer.status,
      headers: kept,
    });
  } catch (cause) {
    throw tryLater('OTHER_MEDIA_UNAVAILABLE', 'This kind of media can’t be taken just now.', 10, cause);
  }
}
