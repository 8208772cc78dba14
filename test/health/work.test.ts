import { OpenAPIHono } from '@hono/zod-openapi';
import { expect, it } from 'vitest';
import { judgeWork, openWorkCheck } from '../../service/health/work.ts';
import type { App } from '../../service/http/middleware.ts';
import { workRoute } from '../../service/http/routes/health.ts';
import type { Counts, FinishedCounts } from '../../service/queue/status.ts';

const callbacks = { waiting: 0, active: 0, retrying: 0, failed: 0 };
const counts: Counts = {
  waiting: 0,
  active: 0,
  retrying: 0,
  done: 0,
  failed: 0,
  callbacks,
  oldestWaitingSeconds: 0,
};
const ended: FinishedCounts = { done: 0, failed: 0, callbacksDelivered: 0, callbacksGivenUp: 0 };

it.each<[string, string[], Partial<Counts>, Partial<FinishedCounts>]>([
  ['no tape', [], {}, {}],
  ['many tapes of which none waits long', [], { waiting: 200, oldestWaitingSeconds: 900 }, { done: 50 }],
  ['a tape that waits too long', ['WAITING'], { waiting: 1, oldestWaitingSeconds: 901 }, {}],
  ['a few bad tapes among many', [], {}, { done: 20, failed: 5 }],
  ['two bad tapes and no good one', [], {}, { failed: 2 }],
  ['half of the tapes failed', ['FAILING'], {}, { done: 3, failed: 3 }],
  ['all tapes failed', ['FAILING'], {}, { failed: 3 }],
  ['callbacks given up long ago', [], { callbacks: { ...callbacks, failed: 99 } }, {}],
  ['a callback given up in the last hour', ['CALLBACKS_GIVEN_UP'], {}, { done: 9, callbacksGivenUp: 1 }],
  ['a receiver that is down', ['CALLBACKS_UNDELIVERED'], { callbacks: { ...callbacks, retrying: 10 } }, {}],
  ['a receiver that fails for a moment', [], { callbacks: { ...callbacks, retrying: 9 } }, {}],
  [
    'everything at once',
    ['WAITING', 'FAILING', 'CALLBACKS_GIVEN_UP', 'CALLBACKS_UNDELIVERED'],
    { oldestWaitingSeconds: 5000, callbacks: { ...callbacks, retrying: 50 } },
    { failed: 9, callbacksGivenUp: 2 },
  ],
])('Work with %s reports the reasons %j', (_what, codes, some, others) => {
  const reasons = judgeWork({ ...counts, ...some }, { ...ended, ...others });
  expect(reasons.map(({ code }) => code)).toEqual(codes);
});

it('GET /health/work reports a Redis that takes no writes', async () => {
  const checkWrite = () => Promise.reject(new Error('OOM command not allowed'));
  const check = openWorkCheck({
    queue: { counts: async () => counts, ended: async () => ended, checkWrite },
  });
  expect(await check()).toEqual([
    {
      code: 'REDIS_FULL',
      message:
        'Redis is full: its memory or its disk has no room left. No tape is taken, and none can be finished.',
    },
  ]);
});

it.each<[string, () => Promise<Counts>, number, object]>([
  ['is healthy', async () => counts, 200, { status: 'healthy' }],
  [
    'is unhealthy',
    async () => ({ ...counts, oldestWaitingSeconds: 1e4 }),
    503,
    { status: 'unhealthy', reasons: [{ code: 'WAITING' }] },
  ],
  [
    'has no Redis',
    () => Promise.reject(new Error('no')),
    503,
    { status: 'unhealthy', reasons: [{ code: 'REDIS' }] },
  ],
])('GET /health/work reports work that %s', async (_what, ask, status, body) => {
  const app = new OpenAPIHono() as unknown as App;
  workRoute(app, openWorkCheck({ queue: { counts: ask, ended: async () => ended } }));
  const response = await app.request('/health/work');
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject(body);
});
