import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FailureCode } from '../../service/errors.ts';
import { latestOnly } from '../../service/lib/latest-only.ts';
import { readFailure, toFailure, toJobError } from '../../service/queue/failure.ts';
import { identityOf, nextJobId } from '../../service/queue/job.ts';
import { withLock } from '../../service/queue/lock.ts';
import { fault, requestFor, useRedis } from './fixture.ts';

const { redis } = useRedis();

describe('a lock', () => {
  it('is held by one at a time, and given back whatever happens', async () => {
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

  it('can not be had for ever, and another’s is not given back', async () => {
    const client = new Redis(redis().socket);
    onTestFinished(() => client.disconnect());
    await client.set('held', 'by another');
    await expect(withLock(client, 'held', async () => {}, 50)).rejects.toThrow("can't be had");
    expect(await client.get('held')).toBe('by another');
  });
});

describe('an identity', () => {
  it('is an id that BullMQ takes', () => {
    const identity = identityOf(requestFor('a'));
    expect(identity).toMatch(/^[0-9a-f]{32}$/);
    expect([nextJobId(identity), nextJobId(`${identity}-2`), nextJobId(`${identity}-9`)]).toEqual([
      ...[`${identity}-2`, `${identity}-3`, `${identity}-10`],
    ]);
  });
});

describe('a failure', () => {
  it.each<[FailureCode, boolean]>([
    ['SOURCE_TIMEOUT', true],
    ['CANCELLED', false],
    ['BAKE_TIMEOUT', false],
  ])('that passes is tried again unless that would be vain: %s', (code, again) => {
    const error = toJobError(toFailure(fault(code)));
    expect(error.name !== 'UnrecoverableError').toBe(again);
    expect(readFailure(error.message)).toEqual({ code, message: `It is ${code}.`, retryable: true });
  });

  it('of a job that version 0.1 kept is read as it was', () => {
    const kept = JSON.stringify({ code: 'DISK_FULL', message: 'Full.', passing: true });
    expect(readFailure(kept)).toEqual({ code: 'DISK_FULL', message: 'Full.', retryable: true });
  });

  it('that BullMQ wrote itself means a lost worker', () => {
    expect(readFailure('job stalled more than allowable limit').code).toBe('WORKER_LOST');
    expect(readFailure(undefined).code).toBe('WORKER_LOST');
  });

  it.each([undefined, null, 'text', new Error('x'), { code: 'E', message: 'm' }])(
    'that is untyped is INTERNAL: %s',
    (error) => expect(toFailure(error)).toMatchObject({ code: 'INTERNAL', retryable: false }),
  );
});

describe('latestOnly', () => {
  it('writes the first and the last and nothing between, whatever goes wrong', async () => {
    const written: number[] = [];
    const errors: Error[] = [];
    const write = async (value: number) => {
      written.push(value);
      if (value === 0) throw new Error('lost');
    };
    const latest = latestOnly({ write, onError: (error) => errors.push(error), everyMs: 60_000 });
    for (let n = 0; n < 100; n += 1) latest.set(n);
    await latest.flush();
    expect(written).toEqual([0, 99]);
    await latest.flush();
    expect(errors.map(({ message }) => message)).toEqual(['lost']);
  });
});
