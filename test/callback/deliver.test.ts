import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type DeliveryOptions, openDelivery } from '../../service/callback/deliver.ts';
import { openSecrets } from '../../service/callback/secrets.ts';
import type { Outcome } from '../../service/schemas/outcome.ts';
import type { BakeRequest } from '../../service/schemas/request.ts';
import type { Callback } from '../../service/worker/callback-processor.ts';
import { freePort } from '../rig/port.ts';
import { type Answer, startReceiver } from './receiver.ts';

const OLD = 'the older secret';
const NEW = 'the newer secret';
const secrets = openSecrets([NEW, OLD]);
const isAllowed: DeliveryOptions['isAllowed'] = () => ({ trusted: true });
const alive = new AbortController().signal;

const request: BakeRequest = {
  mongoId: 'm1',
  slug: 'tape',
  code: 'abc',
  zipUrl: 'https://art.test/t.zip',
  outputs: [],
  callbackUrl: '',
  metadata: { piece: 'prompt', list: [1, null] },
  secretFingerprint: secrets.accepts(OLD)!,
};
const result = {
  width: 80,
  height: 60,
  duration: 1.5,
  bytes: 1234,
  timings: { encoding: 1 },
  outputs: { mp4: 'https://b.test/tapes/tape.mp4', thumbnail: 'https://b.test/tapes/tape-thumb.jpg' },
};

function callback(callbackUrl: string, part: Partial<Callback> & { of?: Partial<BakeRequest> } = {}) {
  const { of, ...rest } = part;
  const outcome: Outcome = { result };
  return {
    callbackId: 'id-1',
    jobId: 'job-1',
    outcome,
    attempt: 1,
    finishedAt: 0,
    ...rest,
    request: { ...request, callbackUrl, ...of },
  };
}

async function receiver(answer?: Answer) {
  const started = await startReceiver(answer);
  onTestFinished(() => started.close());
  return started;
}

const open = (options: Partial<DeliveryOptions> = {}) =>
  openDelivery({ secrets, isAllowed, schedule: [1000, 2000], random: () => 0.5, ...options });

/** The body of the only received message. An independent verifier must accept it with each of these secrets. */
function verified({ received }: Awaited<ReturnType<typeof receiver>>, list: readonly string[]): unknown {
  expect(received).toHaveLength(1);
  const { body, headers } = received[0]!;
  for (const secret of list) {
    new Webhook(Buffer.from(secret), { format: 'raw' }).verify(body, headers as Record<string, string>);
  }
  return JSON.parse(body);
}

describe('The body of a callback', () => {
  it('The callback of a success has the fields of the contract and the caller’s secret, and a signature for every secret', async () => {
    const there = await receiver();
    expect(await open().deliver(callback(`${there.url}/hook?token=1`), alive)).toBe('delivered');
    expect(there.received[0]).toMatchObject({
      path: '/hook?token=1',
      headers: { 'webhook-id': 'id-1', 'content-type': 'application/json' },
    });
    expect(verified(there, [NEW, OLD])).toEqual({
      mongoId: 'm1',
      slug: 'tape',
      secret: OLD,
      code: 'abc',
      metadata: request.metadata,
      width: 80,
      height: 60,
      duration: 1.5,
      bytes: 1234,
      outputs: result.outputs,
      mp4Url: 'https://b.test/tapes/tape.mp4',
      thumbnailUrl: 'https://b.test/tapes/tape-thumb.jpg',
    });
  });

  it('The callback of a failure has the code of the failure, the code of the tape, and the message as a text too', async () => {
    const there = await receiver();
    const failure = { code: 'NOT_A_ZIP', message: 'The tape is no ZIP.', retryable: false };
    await open().deliver(callback(there.url, { outcome: { failure } }), alive);
    expect(verified(there, [NEW])).toEqual({
      mongoId: 'm1',
      slug: 'tape',
      secret: OLD,
      code: 'abc',
      error: { code: 'NOT_A_ZIP', message: 'The tape is no ZIP.' },
      errorMessage: 'The tape is no ZIP.',
    });
  });

  it.each<[string, boolean | undefined, object]>([
    ['does not say anything', undefined, {}],
    ['says true', true, {}],
    ['says false', false, { publish: false }],
  ])('The callback repeats `publish` only as false: the request %s', async (_what, publish, expected) => {
    const failure = { code: 'NOT_A_ZIP', message: 'The tape is no ZIP.', retryable: false };
    for (const outcome of [{ result }, { failure }]) {
      const there = await receiver();
      await open().deliver(callback(there.url, { outcome, of: { publish } }), alive);
      const { publish: said } = verified(there, [NEW]) as { publish?: unknown };
      expect(said === undefined ? {} : { publish: said }).toEqual(expected);
    }
  });

  it('The callback has the current secret if the caller’s has left the list', async () => {
    const there = await receiver();
    await open({ secrets: openSecrets([NEW]) }).deliver(callback(there.url), alive);
    expect(verified(there, [NEW])).toMatchObject({ secret: NEW });
  });
});

describe('The answer of a receiver', () => {
  it.each<[string, Answer, unknown]>([
    ['200', (response) => response.end(), 'delivered'],
    ['204', (response) => response.writeHead(204).end(), 'delivered'],
    [
      '200, and then nothing more',
      (response) => response.writeHead(200, { 'content-length': 5 }).flushHeaders(),
      'delivered',
    ],
    ['500', (r) => r.writeHead(500).end(), { lastError: 'The receiver answered 500.', retryInMs: 1000 }],
    ['401', (r) => r.writeHead(401).end(), { lastError: 'The receiver answered 401.', retryInMs: 1000 }],
    ['410', (r) => r.writeHead(410).end(), { lastError: 'The receiver answered 410.', isDeclined: true }],
    [
      '302, which is not followed',
      (r) => r.writeHead(302, { location: '/elsewhere' }).end(),
      { lastError: 'The receiver answered 302.', retryInMs: 1000 },
    ],
    [
      '503 with Retry-After',
      (r) => r.writeHead(503, { 'retry-after': '60' }).end(),
      { lastError: 'The receiver answered 503.', retryInMs: 66_000 },
    ],
    [
      '503 with a Retry-After of a year',
      (r) => r.writeHead(503, { 'retry-after': '31536000' }).end(),
      { lastError: 'The receiver answered 503.', retryInMs: 95_040_000 },
    ],
    ['nothing', () => {}, { lastError: 'There was no answer within 0.5 s.', retryInMs: 1000 }],
    [
      'a broken connection',
      (response) => response.destroy(),
      {
        lastError: expect.stringMatching(/^The receiver can not be reached \(UND_ERR_SOCKET\)\.$/),
        retryInMs: 1000,
      },
    ],
  ])('An attempt has the right end after the answer %s', async (what, answer, expected) => {
    const there = await receiver(answer);
    expect(
      await open({ timeoutMs: what === 'nothing' ? 500 : 30_000 }).deliver(callback(there.url), alive),
    ).toEqual(expected);
    expect(there.received).toHaveLength(1);
  });

  it('An attempt without a receiver is repeated', async () => {
    const url = `http://127.0.0.1:${await freePort()}/hook?token=secret`;
    const answer = await open().deliver(callback(url), alive);
    expect(answer).toEqual({ lastError: 'The receiver can not be reached (ECONNREFUSED).', retryInMs: 1000 });
  });

  it('The last attempt gives the callback up', async () => {
    const there = await receiver((response) => response.writeHead(500).end());
    const attempts = await Promise.all(
      [1, 2, 3].map((attempt) => open().deliver(callback(there.url, { attempt }), alive)),
    );
    expect(attempts.map((one) => one !== 'delivered' && one.retryInMs)).toEqual([1000, 2000, undefined]);
  });
});

describe('Callbacks that are not sent', () => {
  const lookup: DeliveryOptions['lookup'] = (_host, _options, done) =>
    done(null, [{ address: '127.0.0.1', family: 4 }]);

  it.each<[string, (url: URL) => string, Partial<DeliveryOptions>, object]>([
    [
      'an origin that has left the list',
      ({ href }) => href,
      { isAllowed: () => undefined },
      { lastError: 'The origin of the callback is not allowed.' },
    ],
    [
      'credentials in the URL',
      ({ host }) => `http://user:pass@${host}/`,
      {},
      { lastError: 'The origin of the callback is not allowed.' },
    ],
    [
      'a private address in the URL',
      ({ href }) => href,
      { isAllowed: () => ({ trusted: false }) },
      { lastError: 'The address of the callback is not on the public internet.', retryInMs: 1000 },
    ],
    [
      'a private address behind a name',
      ({ port }) => `http://site.test:${port}/`,
      { isAllowed: () => ({ trusted: false }), lookup },
      { lastError: 'The address of the callback is not on the public internet.', retryInMs: 1000 },
    ],
  ])('A callback with %s is not sent', async (_what, urlOf, options, expected) => {
    const there = await receiver();
    const answer = await open(options).deliver(callback(urlOf(new URL(there.url))), alive);
    expect(answer).toEqual({ retryInMs: undefined, ...expected });
    expect(there.received).toEqual([]);
  });
});

describe('An abort', () => {
  it('An abort ends an attempt at once, with its reason', async () => {
    const stop = new AbortController();
    const there = await receiver(() => stop.abort('hand-back'));
    await expect(open().deliver(callback(there.url), stop.signal)).rejects.toBe('hand-back');
  });
});

it('No error of an attempt shows the URL, its query or a secret', async () => {
  const there = await receiver((response) => response.writeHead(500, 'the older secret').end());
  const urls = [`${there.url}/?token=t0ken`, `http://127.0.0.1:${await freePort()}/?token=t0ken`];
  for (const url of urls) {
    const answer = JSON.stringify(await open().deliver(callback(url), alive));
    for (const hidden of ['t0ken', '127.0.0.1', OLD, NEW]) expect(answer).not.toContain(hidden);
  }
});
