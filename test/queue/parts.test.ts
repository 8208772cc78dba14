import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { asJobError, failureOf, readFailure } from '../../service/queue/failure.ts';
import { identify, rebake } from '../../service/queue/identity.ts';
import { locked } from '../../service/queue/lock.ts';
import { latestOnly } from '../../service/queue/progress.ts';
import { fault, requestFor, useRedis } from './kit.ts';

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
    await Promise.all(Array.from({ length: 10 }, () => locked(client, 'lock', work)));
    await expect(locked(client, 'lock', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await client.exists('lock')).toBe(0);
  });

  it('can not be had for ever, and another’s is not given back', async () => {
    const client = new Redis(redis().socket);
    onTestFinished(() => client.disconnect());
    await client.set('held', 'by another');
    await expect(locked(client, 'held', async () => {}, 50)).rejects.toThrow("can't be had");
    expect(await client.get('held')).toBe('by another');
  });
});

describe('an identity', () => {
  it('is an id that BullMQ takes', () => {
    const identity = identify(requestFor('a'));
    expect(identity).toMatch(/^[0-9a-f]{32}$/);
    expect([rebake(identity), rebake(`${identity}-2`), rebake(`${identity}-9`)]).toEqual([
      ...[`${identity}-2`, `${identity}-3`, `${identity}-10`],
    ]);
  });
});

describe('a failure', () => {
  it.each<[string, boolean]>([
    ['SOURCE_TIMEOUT', true],
    ['CANCELLED', false],
    ['BAKE_TIMEOUT', false],
  ])('that passes is tried again unless that would be vain: %s', (code, again) => {
    const error = asJobError(failureOf(fault(code, true)));
    expect(error.name !== 'UnrecoverableError').toBe(again);
    expect(readFailure(error.message)).toEqual({ code, message: `It is ${code}.`, passing: true });
  });

  it('that BullMQ wrote itself means a lost worker', () => {
    expect(readFailure('job stalled more than allowable limit').code).toBe('WORKER_LOST');
    expect(readFailure(undefined).code).toBe('WORKER_LOST');
  });

  it.each([undefined, null, 'text', new Error('x'), { code: 'E', message: 'm' }])(
    'that is untyped is INTERNAL: %s',
    (error) => expect(failureOf(error)).toMatchObject({ code: 'INTERNAL', passing: false }),
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
    const latest = latestOnly(write, (error) => errors.push(error), 60_000);
    for (let n = 0; n < 100; n += 1) latest.tell(n);
    await latest.settle();
    expect(written).toEqual([0, 99]);
    await latest.settle();
    expect(errors.map(({ message }) => message)).toEqual(['lost']);
  });
});
