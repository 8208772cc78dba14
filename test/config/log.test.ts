import { describe, expect, it } from 'vitest';
import { openLog } from '../../service/lib/log.ts';

const SECRETS = ['a "quoted" secret', 'öl & käse', 'plain-secret', 'abc'];

function write(log: (to: ReturnType<typeof openLog>) => void): Record<string, unknown> {
  const lines: string[] = [];
  log(
    openLog({ level: 'trace', secrets: SECRETS, stream: { write: (line: string) => void lines.push(line) } }),
  );
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0]!);
}

describe('openLog', () => {
  it('A line of the log is JSON with level, time and message', () => {
    expect(write((log) => log.info({ jobId: 'x' }, 'said'))).toEqual({
      level: 'info',
      service: 'oven',
      msg: 'said',
      jobId: 'x',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it.each(SECRETS.filter((secret) => secret.length > 5))(
    'A line of the log never has the secret %s, in its fields, message or error',
    (secret) => {
      const error = Object.assign(
        new Error(`refused ${secret}`, { cause: new Error(encodeURIComponent(secret)) }),
        {
          config: { secret },
        },
      );
      const line = write((log) => log.error({ err: error, words: [secret], [secret]: 1 }, `said ${secret}`));
      const text = JSON.stringify(line);
      for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
        expect(text).not.toContain(form);
      }
      expect(line).toMatchObject({ msg: 'said [redacted]', err: { message: 'refused [redacted]' } });
    },
  );

  it('A very short secret is not taken out of words', () => {
    expect(write((log) => log.info('the abc of it'))).toMatchObject({ msg: 'the abc of it' });
  });

  it.each([
    ['https://a.test/b.zip?X-Signature=1&c=2 was', 'https://a.test/b.zip?[redacted] was'],
    ['redis://user:pass@h:1/0', 'redis://[redacted]@h:1/0'],
    ['"https://a.test/?x"', '"https://a.test/?[redacted]"'],
    ['what? no', 'what? no'],
  ])('The log hides queries and passwords of URLs in %s', (text, shown) => {
    expect(write((log) => log.info(text)).msg).toBe(shown);
  });

  it('The log hides fields whose names tell of secrets', () => {
    const request = { callbackSecret: 'x', callbackUrl: 'https://a/b', metadata: { a: 1 }, slug: 's' };
    const line = write((log) => log.info({ request, headers: { authorization: 'y' } }));
    expect(line.request).toEqual({
      ...request,
      callbackSecret: '[redacted]',
      callbackUrl: '[redacted]',
      metadata: '[redacted]',
    });
    expect(line.headers).toBe('[redacted]');
  });

  it('The log shows the name, code, stack and causes of an error, and no other fields of it', () => {
    const error = Object.assign(new TypeError('no', { cause: new Error('why') }), {
      code: 'E1',
      request: { body: 'x' },
    });
    expect(write((log) => log.error({ err: error })).err).toEqual({
      type: 'TypeError',
      message: 'no',
      code: 'E1',
      stack: expect.stringContaining('log.test.ts'),
      cause: expect.objectContaining({ message: 'why' }),
    });
    expect(write((log) => log.error({ err: { secret: 1 } })).err).toBe('not an error');
  });

  it.each(['name', 'message', 'stack', 'code', 'cause'])(
    'The log takes an error whose field %s throws when it is read, for a job and for any other line',
    (field) => {
      const error = Object.defineProperty(new Error('no'), field, {
        get: () => {
          throw new Error('not to be read');
        },
      });
      expect(write((log) => log.error({ err: error }, 'said')).msg).toBe('said');
      const line = write((log) => log.error({ err: error, jobId: 'x' }, 'said'));
      expect(line).toMatchObject({ jobId: 'x', msg: 'said', err: expect.any(Object) });
    },
  );

  it('The log takes errors that cause each other, and values that are no errors', () => {
    const error = new Error('no');
    error.cause = new Error('why', { cause: error });
    const untrue = new Proxy(error, { getPrototypeOf: () => Array.prototype, get: () => Symbol('x') });
    for (const err of [error, untrue, Symbol('x'), Object.create(null)]) {
      expect(write((log) => log.error({ err }, 'said')).msg).toBe('said');
    }
  });

  it.each([
    ['letters', 'a'.repeat(1_000_000)],
    ['words', 'x.'.repeat(500_000)],
    ['schemes', 'x://'.repeat(250_000)],
    ['users', 'x://y@'.repeat(150_000)],
    ['queries', 'x?y://'.repeat(150_000)],
  ])(
    'A huge text does not hold up the service, and an error keeps its beginning and its end: %.8s…',
    (text) => {
      const began = performance.now();
      const line = write((log) => log.error({ text, err: new Error(`first ${text} last`) }, 'said'));
      expect(performance.now() - began).toBeLessThan(1000);
      const { message } = line.err as { message: string };
      expect(message).toMatch(/^first .* last$/);
      expect(message.length).toBeLessThan(10_000);
    },
  );

  it('The log cuts no secret into parts that it does not know', () => {
    for (const before of [3995, 3990, 8000]) {
      const text = `${'a '.repeat(before / 2)}plain-secret${' a'.repeat(before / 2)}`;
      expect(JSON.stringify(write((log) => log.error({ err: new Error(text) })))).not.toMatch(/plain|secret/);
    }
  });
});
