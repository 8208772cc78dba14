import { createHmac } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ObjectId } from 'mongodb';
import { tapeBakeComplete } from '../../../netlify/lib/callback/complete.ts';
import { deadlineIn } from '../../../netlify/lib/deadline.ts';
import { type FunctionEvent, type FunctionResult, toHandler } from '../../../netlify/lib/handler.ts';
import { answerErrors } from '../../../netlify/lib/http.ts';
import type { Tape } from '../../../netlify/lib/tapes/tape.ts';
import { signed } from '../../netlify/rig/sign.ts';
import { SECRET, startWorld, type World } from '../../netlify/rig/world.ts';
import { mutateCallback, type Sent, STANDS_FOR, TAPES, tapeId } from '../mutate/callback.ts';
import { Finding, type Target } from '../target.ts';

/** The statuses that docs/netlify.md and the functions' contract name; a 500 is a bug. */
const STATUSES = [200, 400, 401, 403, 405, 409, 410, 413, 503];

/**
 * Sends callbacks to the function that takes them, as a server would, with a database and without a PDS. Each answer is an error with a code or
 * a state; what is not signed changes no document, nor does what is refused; nothing shows a secret.
 */
export const target: Target = {
  deadlineMs: 30_000,
  make: (random) => Buffer.from(JSON.stringify(mutateCallback(random))),
  open: async () => {
    const world = await startWorld({ pds: false });
    const documents = TAPES.map(documentOf);
    await world.tapes.insertMany(documents);
    for (const slug of TAPES)
      world.storage.files.set(`/blobs/tapes/${slug}.mp4`, { bytes: new Uint8Array(1000) });
    const handle = toHandler((request) =>
      answerErrors(world.services.log, () => tapeBakeComplete(world.services, request, deadlineIn(25))),
    );
    return {
      run: async (input) => {
        world.logs.length = 0;
        const sent = JSON.parse(
          input
            .toString()
            .replaceAll(STANDS_FOR.secret, SECRET)
            .replaceAll(STANDS_FOR.storage, world.storage.url),
        ) as Sent;
        const event = eventOf(sent);
        const answer = await handle(event);
        const found = await world.tapes.find().sort({ _id: 1 }).toArray();
        const isChanged = !isDeepStrictEqual(found, documents);
        if (isChanged) await restore(world, documents);
        return judge(event, answer, isChanged, found, world);
      },
      close: async () => {
        await world.stop();
        return [];
      },
    };
  },
};

function documentOf(slug: string, n: number): Tape {
  const at = new Date(1.7e12);
  return {
    _id: new ObjectId(tapeId(n)),
    code: `c0${n}`,
    slug,
    when: at,
    kind: 'zip',
    bucket: 'art-aesthetic-computer',
    mp4Status: slug === 'done2' ? 'complete' : 'pending',
    ...(slug === 'nobody1' && { user: 'auth0|nobody' }),
    ...(slug === 'nuked3' && { nuked: true }),
    ...(slug === 'private4' && { private: true }),
    oven: {
      adoptedAt: at,
      attempts: 1,
      ...(slug === 'done2' && {
        sync: { status: 'complete', bake: 'bake-0', bytes: 1000, superseded: ['bake-1'] },
      }),
    },
  };
}

async function restore(world: World, documents: readonly Tape[]): Promise<void> {
  for (const document of documents) await world.tapes.replaceOne({ _id: document._id }, document);
}

function eventOf({ method, body, isBase64Encoded, sign, headers }: Sent): FunctionEvent {
  const bytes = Buffer.from(body, 'latin1');
  const text = bytes.toString();
  const { secret = '', id = '', secondsAgo = 0 } = sign ?? {};
  const timestamp = Math.floor(Date.now() / 1000) - secondsAgo;
  const signature = sign ? signed(text, { secrets: [secret], id, timestamp }) : {};
  const given = Object.entries({ ...signature, ...headers });
  return {
    httpMethod: method,
    headers: Object.fromEntries(given.map(([name, value]) => [name, value ?? undefined])),
    body: isBase64Encoded ? bytes.toString('base64') : bytes,
    isBase64Encoded,
    path: '/api/tape-bake-complete',
  };
}

/** Judges an answer and what became of the documents, and gives the outcome: the status, and the code or state. */
function judge(
  event: FunctionEvent,
  { statusCode, headers, body }: FunctionResult,
  isChanged: boolean,
  found: readonly Tape[],
  { logs, mongo }: World,
): string {
  const wrong = (what: string) =>
    new Finding(`answered ${statusCode} ${body.slice(0, 300)}: ${what}\n${logs.join('\n')}`);
  if (!STATUSES.includes(statusCode)) throw wrong('it is no status of the function');
  const said = JSON.parse(body) as { error?: { code?: unknown; message?: unknown }; status?: unknown };
  const word = statusCode === 200 ? said.status : said.error?.code;
  if (typeof word !== 'string') throw wrong('it has neither a code nor a state');
  if (statusCode !== 200 && typeof said.error?.message !== 'string') throw wrong('it has no message');
  if (statusCode === 503 && !headers['retry-after']) throw wrong('it does not say when to try again');
  const shown = [body, JSON.stringify(headers), ...logs].join('\n');
  if (shown.includes(SECRET)) throw wrong('it shows the secret');
  if (body.includes(mongo.uri) || /\n\s+at |node:internal|node_modules/.test(body))
    throw wrong('it shows its inside');
  if (found.some(({ oven }) => oven?.lease)) throw wrong('it leaves a lease behind');
  if (isChanged && statusCode >= 400 && statusCode < 500) throw wrong('it refuses and writes');
  if ((isChanged || statusCode === 200) && !isGenuine(event)) throw wrong('the callback is not genuine');
  return `${statusCode} ${word}${isChanged ? ', written' : ''}`;
}

/** Whether a callback is signed with the secret and holds it, judged without the code of the functions. */
function isGenuine({ headers, body, isBase64Encoded }: FunctionEvent): boolean {
  const bytes = isBase64Encoded ? Buffer.from(String(body), 'base64') : Buffer.from(body as Uint8Array);
  const text = bytes.toString();
  const of = (name: string) =>
    String(
      Object.entries(headers).findLast(
        ([key, value]) => value !== undefined && key.toLowerCase() === name,
      )?.[1],
    ).trim();
  const [id, timestamp] = [of('webhook-id'), of('webhook-timestamp')];
  const hmac = createHmac('sha256', SECRET).update(`${id}.${timestamp}.${text}`).digest('base64');
  // The function judged it up to a deadline earlier.
  const isNow = Math.abs(Date.now() / 1000 - Number(timestamp)) <= 330;
  const isSigned = of('webhook-signature').split(/[ ,]+/).includes(hmac);
  return isNow && isSigned && (JSON.parse(text) as { secret?: unknown }).secret === SECRET;
}
