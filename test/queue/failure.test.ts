import { expect, it } from 'vitest';
import type { FailureCode } from '../../service/errors.ts';
import { MAX_ATTEMPTS, readFailure, toFailure, toJobError } from '../../service/queue/failure.ts';
import { fault } from './fixture.ts';

it.each<[FailureCode, boolean]>([
  ['SOURCE_TIMEOUT', true],
  ['CANCELLED', false],
  ['BAKE_TIMEOUT', false],
])('A retryable failure with the code %s is retried by itself: %s', (code, again) => {
  const error = toJobError(toFailure(fault(code)));
  expect(error.name !== 'UnrecoverableError').toBe(again);
  expect(readFailure(error.message)).toEqual({ code, message: `It is ${code}.`, retryable: true });
});

it.each<[FailureCode, number]>([
  ['SOURCE_UNREACHABLE', 7],
  ['FFMPEG_FAILED', 4],
])('A bake that fails with %s is tried %d times', (code, times) => {
  const isTriedAgain = (attempt: number) => toJobError(toFailure(fault(code)), attempt).name === 'Error';
  const attempts = Array.from({ length: 10 }, (_, n) => n + 1);
  expect(attempts.filter((attempt) => !isTriedAgain(attempt))[0]).toBe(times);
});

it('A source that is away for two minutes fails no tape', () => {
  const backoffMs = 5000;
  const shortest = 0.5; // of a wait, by the queue's jitter
  const waits = Array.from({ length: MAX_ATTEMPTS.transient - 1 }, (_, n) => backoffMs * 2 ** n * shortest);
  expect(waits.reduce((sum, ms) => sum + ms)).toBeGreaterThan(120_000);
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
