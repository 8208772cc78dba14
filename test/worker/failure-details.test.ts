import { expect, it } from 'vitest';
import { BakeError, EncoderOutput } from '../../service/bake/errors.ts';
import { scrubber } from '../../service/lib/log.ts';
import { failureDetails } from '../../service/schemas/outcome.ts';
import { failureDescriber } from '../../service/worker/failure-details.ts';

const SECRET = 'the-secret-of-the-caller';
const describeFailure = failureDescriber('r1', scrubber([SECRET]));

it('Details have the chain of causes and the last lines of the encoder', () => {
  const output = Array.from({ length: 40 }, (_, n) => `line ${n}`).join('\n');
  const system = Object.assign(new Error('Command failed: ffmpeg'), { code: 'ERR_X' });
  const error = new BakeError('FFMPEG_FAILED', 'The encoder failed.', {
    cause: new EncoderOutput(output, { cause: system }),
  });
  const details = describeFailure(error, 2, 'encoding');
  expect(details).toMatchObject({ attempt: 2, stage: 'encoding', release: 'r1' });
  expect(details.causes).toEqual([
    { type: 'BakeError', message: 'The encoder failed.', code: 'FFMPEG_FAILED' },
    { type: 'Error', message: 'Command failed: ffmpeg', code: 'ERR_X' },
  ]);
  expect(details.encoder).toEqual(Array.from({ length: 12 }, (_, n) => `line ${28 + n}`));
});

const loop = new Error('loop');
loop.cause = loop;
const hostile = new Proxy(new Error('x'), {
  get: () => {
    throw new Error('no');
  },
});
it.each<[string, unknown]>([
  ['text', 'text'],
  ['undefined', undefined],
  ['null', null],
  ['an object without a prototype', Object.create(null)],
  ['a cause that leads to itself', loop],
  ['getters that throw', hostile],
  ['a message of 10 MB', new Error('x'.repeat(10_000_000))],
  ['a long encoder output', new EncoderOutput(`${'y'.repeat(100_000)}\n`.repeat(50))],
  [
    'a secret and the query of a URL',
    new Error(`${SECRET} https://a.test/x?signature=abc`, { cause: SECRET }),
  ],
])('Details of %s are valid, short, and free of secrets', (_what, error) => {
  const details = failureDetails.parse(describeFailure(error, 1, undefined));
  const text = JSON.stringify(details);
  expect(text.length).toBeLessThan(8000);
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain('signature=abc');
});

it('A secret at the end of a text that is cut is removed as a whole', () => {
  const { causes } = describeFailure(new Error(`${'z'.repeat(590)}${SECRET}`), 1, undefined);
  expect(causes[0]?.message).not.toContain(SECRET.slice(0, 8));
});
