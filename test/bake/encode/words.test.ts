import { expect, test } from 'vitest';
import { EncoderErrors } from '../../../service/bake/encode/run-encoder.ts';

/** What is heard of a text that comes in pieces of so many bytes. */
function heard(text: string, length = 7): EncoderErrors {
  const words = new EncoderErrors();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += length) words.add(bytes.subarray(at, at + length));
  return words;
}

// As 5.1, 6.1, 7.0, 7.1 and 9.0 say it.
test.each<[string, string, Partial<EncoderErrors>]>([
  ['rows are missing', '[png @ 0x5653] IEND without all image\n', { damaged: true }],
  ['a stream that is no zlib', '[png @ 0x5653] inflate returned error -3\n', { damaged: true }],
  ['a harmless word', '[png @ 0x5653] Invalid iCCP profile\n', { damaged: false }],
  ['another decoder', '[h264 @ 0x5653] IEND without all image\n', { damaged: false }],
  ['5.1', 'Error while decoding stream #0:0: Invalid data found\n', { unreadable: true }],
  ['6.1', '[vist#0:0/png @ 0x55] Error submitting packet to decoder: Invalid data\n', { unreadable: true }],
  ['7.0', '[vist#0:0/png @ 0x40] [dec:png @ 0x40] Decoding error: Generic error\n', { unreadable: true }],
  ['want of memory', '[dec:png @ 0x40] Decoding error: Cannot allocate memory\n', { unreadable: false }],
  ['an encoder’s fault', '[libx264 @ 0x40] broken\n', { unreadable: false, damaged: false }],
  ['a full disk', 'av_interleaved_write_frame(): No space left on device\n', { diskFull: true }],
])('%s', (_, text, found) => {
  expect(heard(text)).toMatchObject(found);
});

test('only the end is kept', () => {
  const words = heard(`${'x'.repeat(100_000)}\nthe last line\n`, 1000);
  expect(words.end).toMatch(/xx\nthe last line$/);
  expect(words.end.length).toBeLessThanOrEqual(4096);
});
