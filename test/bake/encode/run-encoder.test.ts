import { expect, it } from 'vitest';
import {
  EncoderMessages,
  type ProgressLine,
  parseProgressLine,
} from '../../../service/bake/encode/run-encoder.ts';

/** The messages in a text that comes in pieces of so many bytes. */
function messagesOf(text: string, length = 7): EncoderMessages {
  const messages = new EncoderMessages();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += length) messages.add(bytes.subarray(at, at + length));
  return messages;
}

// Messages of ffmpeg 5.1, 6.1, 7.0, 7.1 and 9.0.
it.each<[string, string, Partial<EncoderMessages>]>([
  ['rows are missing', '[png @ 0x5653] IEND without all image\n', { damaged: true }],
  ['a stream that is no zlib', '[png @ 0x5653] inflate returned error -3\n', { damaged: true }],
  ['a harmless word', '[png @ 0x5653] Invalid iCCP profile\n', { damaged: false }],
  ['another decoder', '[h264 @ 0x5653] IEND without all image\n', { damaged: false }],
  ['5.1', 'Error while decoding stream #0:0: Invalid data found\n', { unreadable: true }],
  ['6.1', '[vist#0:0/png @ 0x55] Error submitting packet to decoder: Invalid data\n', { unreadable: true }],
  ['7.0', '[vist#0:0/png @ 0x40] [dec:png @ 0x40] Decoding error: Generic error\n', { unreadable: true }],
  ['too little memory', '[dec:png @ 0x40] Decoding error: Cannot allocate memory\n', { unreadable: false }],
  ['an encoder’s fault', '[libx264 @ 0x40] broken\n', { unreadable: false, damaged: false }],
  ['a full disk', 'av_interleaved_write_frame(): No space left on device\n', { diskFull: true }],
])('The messages of ffmpeg are understood: %s', (_, text, found) => {
  expect(messagesOf(text)).toMatchObject(found);
});

it('Only the last messages of ffmpeg are kept', () => {
  const messages = messagesOf(`${'x'.repeat(100_000)}\nthe last line\n`, 1000);
  expect(messages.end).toMatch(/xx\nthe last line$/);
  expect(messages.end.length).toBeLessThanOrEqual(4096);
});

it.each<[string, ProgressLine]>([
  ['frame=0', { kind: 'frames', frames: 0 }],
  ['frame=480', { kind: 'frames', frames: 480 }],
  ['out_time_us=1500000', { kind: 'time', microseconds: 1_500_000 }],
  ['out_time_us=-21333', { kind: 'time', microseconds: -21_333 }],
  ['out_time_us=N/A', { kind: 'other' }],
  ['out_time=00:00:01.500000', { kind: 'other' }],
  ['lavfi.bbox.w=12', { kind: 'transparent' }],
  ['lavfi.bbox.w', { kind: 'other' }],
  ['frame:12   pts:1500    pts_time:0.0166667', { kind: 'other' }],
  ['progress=continue', { kind: 'other' }],
  ['fps=59.94', { kind: 'other' }],
  ['', { kind: 'other' }],
])('parseProgressLine reads %j', (line, expected) => {
  expect(parseProgressLine(line)).toEqual(expected);
});
