/** Receivers that have written what a callback says, and answer as if they had not. */
import { expect, it, onTestFinished } from 'vitest';
import { type DeliveryOptions, openDelivery } from '../../service/callback/deliver.ts';
import { openSecrets } from '../../service/callback/secrets.ts';
import { type Answer, startReceiver } from '../callback/receiver.ts';
import { until } from '../rig/until.ts';
import { openQueueFixture, requestFor, useRedis } from './fixture.ts';

const { redis } = useRedis();

const SCHEDULE = [5, 5];
const delivery: DeliveryOptions = {
  secrets: openSecrets(['a secret']),
  isAllowed: () => ({ trusted: true }),
  schedule: SCHEDULE,
};
/** Milliseconds. An attempt that ends before it reached the receiver would not be counted there. */
const TIMEOUT = { answered: 30_000, late: 1000 };

const late: { end: () => void }[] = [];
const ANSWERS: [string, number, Answer][] = [
  ['answers 500 after it has written', TIMEOUT.answered, (response) => response.writeHead(500).end()],
  [
    'answers 200 when nobody waits any more',
    TIMEOUT.late,
    (response) => void late.push({ end: () => response.end() }),
  ],
  ['breaks the connection after it has written', TIMEOUT.answered, (response) => response.destroy()],
];

it.each(ANSWERS)(
  'A receiver that %s gets the callback as often as the schedule says, under one id',
  async (_what, timeoutMs, answer) => {
    const receiver = await startReceiver(answer);
    onTestFinished(() => receiver.close());
    const { queue, work } = openQueueFixture(redis());
    await work({ deliver: openDelivery({ ...delivery, timeoutMs }).deliver });
    const request = requestFor('a', { callbackUrl: receiver.url });
    const { jobId } = await queue.submit(request);
    const isGivenUp = async () => (await queue.status(jobId))?.callback.givenUp === true;
    await until('the callback is given up', isGivenUp);
    for (const response of late.splice(0)) response.end();
    const attempts = SCHEDULE.length + 1;
    expect(receiver.received).toHaveLength(attempts);
    expect((await queue.status(jobId))?.callback).toMatchObject({ delivered: false, attempts });
    const { callbacks } = await queue.counts();
    expect(callbacks).toMatchObject({ waiting: 0, active: 0, retrying: 0 });

    // Neither the same request again nor a replay makes another callback than this one.
    await queue.submit(request);
    await until('it is sent as often once more', async () => receiver.received.length === 2 * attempts);
    await until('the callback is given up again', isGivenUp);
    for (const response of late.splice(0)) response.end();
    expect(receiver.received).toHaveLength(2 * attempts);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  },
);
