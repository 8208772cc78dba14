import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSound } from '../../../service/bake/open/sound.ts';
import { type WavOptions, wav, wavChunk } from '../../tapes/hostile/parts.ts';

/** WAVE_FORMAT_EXTENSIBLE: the real format is in the last 16 bytes of a longer fmt chunk. */
function extensible(): Buffer {
  const plain = wav({ format: 0xfffe, bytes: 400 });
  const longer = Buffer.alloc(24);
  longer.writeUInt16LE(22, 0);
  longer.writeUInt16LE(1, 8);
  const bytes = Buffer.concat([plain.subarray(0, 36), longer, plain.subarray(36)]);
  bytes.writeUInt32LE(40, 16);
  return bytes;
}

test.each<[string, WavOptions, object]>([
  [
    'the recorder',
    {},
    { format: 's16le', sampleRate: 48_000, channels: 2, dataOffset: 44, dataBytes: 19_200, seconds: 0.1 },
  ],
  ['mono, 24 bits', { channels: 1, bits: 24, bytes: 300 }, { format: 's24le', channels: 1, dataBytes: 300 }],
  ['32 bits', { bits: 32 }, { format: 's32le' }],
  ['float', { format: 3, bits: 32, sampleRate: 44_100 }, { format: 'f32le', sampleRate: 44_100 }],
  ['claiming more than is there', { claimed: 0xffffffff }, { dataBytes: 19_200, seconds: 0.1 }],
  ['claiming nothing', { claimed: 0 }, { dataBytes: 19_200 }],
  ['claiming less than is there', { claimed: 400 }, { dataBytes: 400, seconds: 100 / 48_000 }],
  ['cut within a sample', { bytes: 19_199 }, { dataBytes: 19_196 }],
  [
    'other chunks before the samples',
    { before: wavChunk('LIST', Buffer.alloc(27)) },
    { dataOffset: 80, dataBytes: 19_200 },
  ],
])('%s', (_, options, header) => {
  const bytes = wav(options);
  expect(parseSound(bytes, bytes.length)).toMatchObject({ header });
});

test('the format may be in the extension', () => {
  const bytes = extensible();
  expect(parseSound(bytes, bytes.length)).toMatchObject({
    header: { format: 's16le', dataOffset: 68, dataBytes: 400 },
  });
});

test.each<[string, Buffer, RegExp]>([
  ['text', Buffer.from('la la la, which is long enough for a header'), /not a WAV/],
  ['empty', Buffer.alloc(0), /not a WAV/],
  ['no samples', wav({ bytes: 0 }), /no samples/],
  ['ends before the samples', wav().subarray(0, 40), /no samples/],
  [
    'samples before the format',
    Buffer.concat([wav().subarray(0, 12), wavChunk('data', Buffer.alloc(9))]),
    /before/,
  ],
  ['8 bits', wav({ bits: 8 }), /8 bits/],
  ['ADPCM', wav({ format: 2 }), /format 2/],
  ['0 channels', wav({ channels: 0 }), /0 channels/],
  ['99 channels', wav({ channels: 99 }), /99 channels/],
  ['1 Hz', wav({ sampleRate: 1 }), /8000 to 192000/],
  ['samples of a wrong size', wav({ blockAlign: 7 }), /7 bytes/],
])('not read: %s', (_, bytes, reason) => {
  expect(parseSound(bytes, bytes.length)).toMatchObject({ reason: expect.stringMatching(reason) });
});

test('property: damaged headers never throw, and never claim more than is there', () => {
  const damage = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 5 });
  fc.assert(
    fc.property(damage, fc.nat(200), (changes, length) => {
      const bytes = Buffer.from(wav({ bytes: 160 }).subarray(0, length));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      const result = parseSound(bytes, bytes.length);
      if ('reason' in result) return;
      const { dataOffset, dataBytes, seconds } = result.header;
      expect(dataOffset + dataBytes).toBeLessThanOrEqual(bytes.length);
      expect(seconds).toBeGreaterThan(0);
    }),
  );
});
