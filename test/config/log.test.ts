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
});
