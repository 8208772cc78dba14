import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StreamReader } from '../../../service/bake/sound/stream.ts';
import { readWav, sampleAccess } from '../../../service/bake/sound/wav.ts';
import { type WavOptions, wav, wavChunk } from '../../tapes/hostile/parts.ts';

/** Reads a WAV file in pieces of some length. Gives its format and the bytes of its samples, or why it is not read. */
async function read(bytes: Buffer, pieceBytes = 1000) {
  const pieces = (async function* () {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  })();
  const found = await readWav(new StreamReader(pieces));
  if ('reason' in found) return found;
  const access = sampleAccess(found.format);
  if ('reason' in access) return { reason: access.reason };
  return { ...access, ...found.format, samples: await buffer(found.samples) };
}

it.each<[string, WavOptions, object, number]>([
  [
    'the recorder',
    {},
    { access: 'plain', coding: 's16', sampleRate: 48_000, channels: 2, bigEndian: false, places: 0 },
    19_200,
  ],
  ['mono, 24 bits', { channels: 1, bits: 24, bytes: 300 }, { coding: 's24', channels: 1 }, 300],
  ['8 bits', { bits: 8 }, { coding: 'u8' }, 19_200],
  ['20 bits in 3 bytes', { bits: 20, blockAlign: 6 }, { coding: 's24' }, 19_200],
  ['bits that are not told', { bits: 0, blockAlign: 8 }, { coding: 's32' }, 19_200],
  ['64 bits', { bits: 64 }, { access: 'decoded' }, 19_200],
  ['an old editor’s floats', { bits: 24, blockAlign: 8 }, { access: 'decoded' }, 19_200],
  ['float', { format: 3, bits: 32, sampleRate: 44_100 }, { coding: 'f32', sampleRate: 44_100 }, 19_200],
  ['double', { format: 3, bits: 64 }, { coding: 'f64' }, 19_200],
  ['A-law that says 16 bits', { format: 6, bits: 16 }, { coding: 'alaw' }, 19_200],
  ['ADPCM', { format: 2, bits: 4, blockAlign: 1024 }, { access: 'decoded' }, 19_200],
  ['claiming more than is there', { claimed: 0xfffffffe }, { coding: 's16' }, 19_200],
  ['claiming less than is there', { claimed: 400 }, { coding: 's16' }, 400],
])('A WAV file is read: %s', async (_, options, format, bytes) => {
  const found = await read(wav(options));
  expect(found).toMatchObject(format);
  expect(found).toHaveProperty('samples.length', bytes);
  // The result does not depend on the pieces.
  expect(await read(wav(options), 7)).toEqual(found);
});

it.each<[string, Buffer, RegExp]>([
  ['text', Buffer.from('la la la, which is long enough for a header'), /not a WAV/],
  ['an AVI', Buffer.from('RIFF\xff\0\0\0AVI LIST', 'latin1'), /not a WAV/],
  ['empty', Buffer.alloc(0), /not a WAV/],
  ['ends before the samples', wav().subarray(0, 40), /no samples/],
  [
    'no samples, and a chunk after',
    Buffer.concat([wav({ bytes: 0 }), wavChunk('LIST', Buffer.alloc(9))]),
    /no samples/,
  ],
  [
    'a chunk beyond the end',
    wav({ before: wavChunk('LIST', Buffer.alloc(99)) }).subarray(0, 99),
    /no samples/,
  ],
  [
    'samples before the format',
    Buffer.concat([wav().subarray(0, 12), wavChunk('data', Buffer.alloc(9))]),
    /before/,
  ],
  ['0 channels', wav({ channels: 0 }), /0 channels/],
  ['99 channels', wav({ channels: 99 }), /99 channels; 1 to 64/],
  ['1 Hz', wav({ sampleRate: 1 }), /has 1 samples.*1000 to 768000/],
  [
    'nothing but chunks',
    wav({ before: Buffer.concat(Array(1001).fill(wavChunk('JUNK', Buffer.alloc(0)))) }),
    /more than 1000 chunks/,
  ],
])('A file is not read as WAV: %s', async (_, bytes, reason) => {
  expect(await read(bytes)).toMatchObject({ reason: expect.stringMatching(reason) });
});

it('A damaged WAV file never throws, and gives no bytes that it does not have (property)', async () => {
  const forms = fc.constantFrom('RIFF', 'RIFX', 'RF64', 'riff');
  const damage = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(forms, damage, fc.nat(260), async (form, changes, length) => {
      const before = wavChunk('ds64', Buffer.alloc(28, 255));
      const bytes = Buffer.from(wav({ before, bytes: 160 }).subarray(0, length));
      bytes.write(form, 0, 'latin1');
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      const found = await read(bytes, 64);
      if ('samples' in found) expect(bytes.includes(found.samples)).toBe(true);
      else expect(found.reason).toMatch(/^(is|has|does) /);
    }),
    { numRuns: 1000 },
  );
});
