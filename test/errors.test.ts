import { expect, it } from 'vitest';
import { ERRORS, FAILURE_CODES, OvenError } from '../service/errors.ts';

it('A bake that failed for its tape or for a bug is not tried again', () => {
  for (const code of FAILURE_CODES) {
    const hopeless = ['tape', 'bug'].includes(ERRORS[code].fault);
    if (hopeless) expect([code, new OvenError(code).retryable]).toEqual([code, false]);
  }
});

it('Every code has a message and an action that are whole sentences', () => {
  for (const { message, action } of Object.values(ERRORS)) {
    for (const text of [message, action]) expect(text).toMatch(/^[\p{L}`].*\.$/u);
  }
});
