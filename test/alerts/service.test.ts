import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { ALERT_TIMES } from '../../service/alerts/state.ts';
import { REQUEST_LIMITS } from '../../service/health/requests.ts';
import { WORK_LIMITS } from '../../service/health/work.ts';
import { connect } from '../../service/queue/store.ts';
import type { StartOptions } from '../../service/service.ts';
import { startTestService, type TestService } from '../http/test-service.ts';
import { until } from '../rig/until.ts';

interface Alert {
  readonly text: string;
  readonly began: readonly { readonly code: string; readonly message: string }[];
  readonly ended: readonly { readonly code: string }[];
  readonly failures: readonly { readonly code: string; readonly count: number; readonly kind: string }[];
}

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A receiver on loopback. `answer` replaces the status 204. */
async function startReceiver(answer = (response: ServerResponse): unknown => response.writeHead(204).end()) {
  const alerts: Alert[] = [];
  const receiver = { alerts, answer, url: '' };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    alerts.push(JSON.parse(body));
    receiver.answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/a-token-of-the-receiver`;
  return receiver;
}

/** A clock that only the test sets forward, for all that alerts wait for: a busy machine sends none too early. */
function openClock() {
  let now = Date.now();
  let asked = 0;
  return {
    now: () => {
      asked += 1;
      return now;
    },
    forward: (ms: number) => {
      now += ms;
    },
    /** Waits until the alerts have looked so many times from beginning to end: each look asks for the time. */
    looks: async (count: number) => {
      const before = asked;
      await until('the alerts have looked', () => asked > before + count);
    },
  };
}

async function start(env: NodeJS.ProcessEnv, how: Partial<StartOptions>): Promise<TestService> {
  const service = await startTestService(env, how);
  ends.push(service.close);
  return service;
}

/** A service whose alerts go to a receiver that answers so, by a clock of the test. */
async function startAll(answer?: (response: ServerResponse) => unknown) {
  const receiver = await startReceiver(answer);
  const clock = openClock();
  const env = { ALERT_WEBHOOK_URL: receiver.url };
  const service = await start(env, { alerts: { everyMs: 50, now: clock.now } });
  return { receiver, clock, service };
}

const MINUTE = 60_000;
/** The codes, without what a busy machine adds. */
const codes = (reasons: readonly { readonly code: string }[]) =>
  reasons
    .map(({ code }) => code)
    .filter((code) => code !== 'EVENT_LOOP')
    .sort();

it('Two hundred tapes that fail make one alert with their number, then silence, then "good again"', async () => {
  const receiver = await startReceiver();
  const clock = openClock();
  const work = {
    limits: { ...WORK_LIMITS, minFailed: 3, failedShare: 0.99, undelivered: 1000 },
    everyMs: 100,
  };
  const service = await start(
    { ALERT_WEBHOOK_URL: receiver.url, MAX_QUEUED: '500', CONCURRENCY: '4' },
    { alerts: { everyMs: 50, now: clock.now }, work },
  );
  const accepted = Array.from({ length: 200 }, (_, i) => service.bake(service.body(`gone-${i}`)));
  expect(new Set((await Promise.all(accepted)).map(({ status }) => status))).toEqual(new Set([202]));
  const counted = () => service.fetch('/health/work').then((answer) => answer.text());
  await until('all have failed', async () => (await counted()).includes('200 of 200'), 240);
  // A look of the alerts has taken the last failures in, and its own view of the work is as new.
  await until('the work is seen', async () => (await stateOf(service)).includes('200 of 200'));
  expect(receiver.alerts).toEqual([]);

  clock.forward(MINUTE);
  await until('the alert', () => receiver.alerts.length > 0);
  const [alert] = receiver.alerts as [Alert];
  expect(alert.failures).toMatchObject([{ kind: 'bake', code: 'SOURCE_NOT_FOUND', count: 200 }]);
  expect(codes(alert.began)).toEqual(['FAILING']);
  expect(alert.text).toContain('200 tapes failed');
  expect(alert.text).toContain(`${service.url}/jobs/`);

  for (let i = 0; i < 5; i += 1) await service.bake(service.body(`gone-again-${i}`));
  await until('more have failed', async () => (await counted()).includes('205 of 205'), 240);
  for (let minute = 0; minute < 10; minute += 1) {
    clock.forward(MINUTE);
    await clock.looks(1);
  }
  expect(receiver.alerts).toHaveLength(1);

  for (const slug of ['a', 'b', 'c', 'd']) {
    const { jobId } = await service.bake(service.body(slug));
    expect(await service.ended(jobId)).toMatchObject({ status: 'done' });
  }
  await until('the work is healthy', async () => (await service.fetch('/health/work')).ok);
  await until('the end is seen', async () => (await stateOf(service)).includes('endedAt'));
  clock.forward(MINUTE);
  await until('good again', () => receiver.alerts.length > 1);
  expect(receiver.alerts).toHaveLength(2);
  expect(codes(receiver.alerts[1]!.ended)).toEqual(['FAILING']);
  expect(receiver.alerts[1]!.failures).toMatchObject([{ count: 5 }]);
  expect(receiver.alerts[1]!.text).toContain('Good again: FAILING.');
  expect(service.log.join('')).not.toContain('a-token-of-the-receiver');
  expect(service.log.filter((line) => line.includes('the receiver of alerts is not public'))).toHaveLength(1);
}, 400_000);

it('While Redis is away, and after it, the process tells that once by itself, together with its 5xx', async () => {
  const { receiver, clock, service } = await startAll();
  await service.redis.kill();
  const refused = ['a', 'b', 'c'].map((slug) => service.post('/bake', service.body(slug)));
  expect((await Promise.all(refused)).map(({ status }) => status)).toEqual([503, 503, 503]);
  await clock.looks(1);
  clock.forward(MINUTE);
  await until('the alert', () => receiver.alerts.length > 0);
  expect(codes(receiver.alerts[0]!.began)).toEqual(['API_FAILING', 'REDIS']);

  await service.redis.start();
  await until('Redis is back', async () => (await service.fetch('/health')).ok);
  await until('the end is seen', async () => (await stateOf(service)).includes('endedAt'));
  clock.forward(MINUTE);
  await until('good again', () => receiver.alerts.length > 1);
  expect(receiver.alerts).toHaveLength(2);
  expect(codes(receiver.alerts[1]!.ended)).toEqual(['REDIS']);
}, 180_000);

it('Requests that hang are told, before they are answered', async () => {
  const { receiver, clock, service } = await startAll();
  const redis = connect({ url: service.redis.url }, 'briefly', () => {});
  ends.push(() => redis.disconnect());
  await redis.client('PAUSE', 7000);
  const requests = [1, 2, 3].map(() => service.post('/bake', service.body('a')));
  const started = performance.now();
  await until('the requests hang', () => performance.now() - started > REQUEST_LIMITS.slowMs);
  await clock.looks(1);
  clock.forward(MINUTE);
  await until('the alert', () => receiver.alerts.length > 0);
  const { began } = receiver.alerts[0]!;
  expect(began.find(({ code }) => code === 'API_FAILING')?.message).toMatch(/3 took more than 5 s/);
  await Promise.all(requests);
}, 180_000);

it('A receiver of alerts that hangs holds no tape up', async () => {
  const { receiver, clock, service } = await startAll(() => {});
  await failTape(service);
  await clock.looks(1);
  clock.forward(MINUTE);
  await until('the receiver has the alert', () => receiver.alerts.length === 1);
  await bakeTape(service, 'a');
  await until('the callbacks', () => service.calls.length === 2);
  // The alert still waits: that its sender gave it up is not logged yet.
  expect(service.log.join('')).not.toMatch(/"alert (sent|failed)"/);
});

it('An alert comes through a receiver that first answers 500, then 429, then breaks the connection', async () => {
  const answers: ((response: ServerResponse) => unknown)[] = [
    (response) => response.writeHead(500).end(),
    (response) => response.writeHead(429, { 'retry-after': '30' }).end(),
    (response) => response.destroy(),
    (response) => response.writeHead(204).end(),
  ];
  const { receiver, clock, service } = await startAll((response) => answers.shift()!(response));
  await failTape(service);
  await clock.looks(1);
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    clock.forward(ALERT_TIMES.retries[attempt - 2] ?? MINUTE);
    await until('the next attempt', () => receiver.alerts.length === attempt);
    const isLogged = () =>
      service.log.filter((line) => /"alert (sent|failed)"/.test(line)).length === attempt;
    await until('its end', isLogged);
  }
  expect(service.log.filter((line) => line.includes('"alert failed"'))).toHaveLength(3);
  expect(new Set(receiver.alerts.map((alert) => JSON.stringify(alert))).size).toBe(1);
  await bakeTape(service, 'a');
});

async function failTape(service: TestService): Promise<void> {
  const { jobId } = await service.bake(service.body('gone'));
  expect(await service.ended(jobId)).toMatchObject({ status: 'failed' });
}

async function bakeTape(service: TestService, slug: string): Promise<void> {
  const { jobId } = await service.bake(service.body(slug));
  expect(await service.ended(jobId)).toMatchObject({ status: 'done' });
}

/** What the alerts remember in Redis. */
async function stateOf({ redis }: TestService): Promise<string> {
  const client = connect({ url: redis.url }, 'briefly', () => {});
  try {
    return (await client.get('oven:alerts')) ?? '';
  } finally {
    client.disconnect();
  }
}
