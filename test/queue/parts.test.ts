import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FailureCode } from '../../service/errors.ts';
import { readFailure, toFailure, toJobError } from '../../service/queue/failure.ts';
import { identityOf, nextJobId } from '../../service/queue/job.ts';
import { withLock } from '../../service/queue/lock.ts';
import { fault, requestFor, useRedis } from './fixture.ts';

const { redis } = useRedis();

describe('withLock', () => {
  it('A lock has one holder at a time, and is released after a failure too', async () => {
    const client = new Redis(redis().socket);
    onTestFinished(() => client.disconnect());
    let inside = 0;
    const work = async () => {
      inside += 1;
      expect(inside).toBe(1);
      await client.ping();
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 10 }, () => withLock(client, 'lock', work)));
    await expect(withLock(client, 'lock', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await client.exists('lock')).toBe(0);
  });

  it('A lock that another process holds is waited for in vain, and stays', async () => {
    const client = new Redis(redis().socket);
    onTestFinished(() => client.disconnect());
    await client.set('held', 'by another');
    await expect(withLock(client, 'held', async () => {}, 50)).rejects.toThrow("can't be had");
    expect(await client.get('held')).toBe('by another');
  });
});

describe('identityOf', () => {
  it('An identity is an id that BullMQ accepts, and so are the ids after it', () => {
    const identity = identityOf(requestFor('a'));
    expect(identity).toMatch(/^[0-9a-f]{32}$/);
    expect([nextJobId(identity), nextJobId(`${identity}-2`), nextJobId(`${identity}-9`)]).toEqual([
      `${identity}-2`,
      `${identity}-3`,
      `${identity}-10`,
    ]);
  });
});

describe('failure', () => {
  it.each<[FailureCode, boolean]>([
    ['SOURCE_TIMEOUT', true],
    ['CANCELLED', false],
    ['BAKE_TIMEOUT', false],
  ])('A retryable failure with the code %s is retried by itself: %s', (code, again) => {
    const error = toJobError(toFailure(fault(code)));
    expect(error.name !== 'UnrecoverableError').toBe(again);
    expect(readFailure(error.message)).toEqual({ code, message: `It is ${code}.`, retryable: true });
  });

  it('A failure that version 0.1 wrote is read', () => {
    const kept = JSON.stringify({ code: 'DISK_FULL', message: 'Full.', passing: true });
    expect(readFailure(kept)).toEqual({ code: 'DISK_FULL', message: 'Full.', retryable: true });
  });

  it('A failure that BullMQ wrote itself has the code WORKER_LOST', () => {
    expect(readFailure('job stalled more than allowable limit').code).toBe('WORKER_LOST');
    expect(readFailure(undefined).code).toBe('WORKER_LOST');
  });

  it.each([undefined, null, 'text', new Error('x'), { code: 'E', message: 'm' }])(
    'The untyped error %s has the code INTERNAL',
    (error) => expect(toFailure(error)).toMatchObject({ code: 'INTERNAL', retryable: false }),
  );
});
