import { expect, it } from 'vitest';
import type { FailureCode } from '../../service/errors.ts';
import { readFailure, toFailure, toJobError } from '../../service/queue/failure.ts';
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
