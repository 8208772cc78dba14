import { pngSuite } from '../../corpora/pngsuite.ts';
import { jsonEntry, png, tapeEntries, timingOf, wav, withEntries } from '../../tapes/hostile/parts.ts';
import { type Entry, zip } from '../../tapes/hostile/zip.ts';
import { pick, type Random } from '../../tapes/random.ts';
import { below, damage, oneIn } from './bytes.ts';
import { mutateJsonText } from './json.ts';
import { mutatePng } from './png.ts';
import { mutateWav } from './wav.ts';
import { mutateZip } from './zip.ts';

const suite = pngSuite();
/** Pictures of one size, of all kinds of PNG. */
const ALIKE = suite.filter(({ valid, size }) => valid && size === '32×32').map(({ bytes }) => bytes);
const ODD = suite.map(({ bytes }) => bytes);
const SOUND = wav();

/** A small tape of which one or more parts are changed, most of them inside a right ZIP, so that they reach the encoder. */
export function mutateTape(random: Random): Buffer {
  const count = 1 + below(random, 5);
  const isMixed = oneIn(random, 2);
  const colours = { width: 32, height: 32, colourType: oneIn(random, 2) ? 6 : 2 } as const;
  let entries: Entry[] = tapeEntries(count).map((entry, n) => {
    if (n >= count) return entry;
    return { ...entry, data: isMixed ? pick(random, ALIKE) : png({ ...colours, value: below(random, 256) }) };
  });
  if (oneIn(random, 3)) entries = entries.filter(({ name }) => name !== 'soundtrack.wav');
  if (!oneIn(random, 4)) {
    const at = below(random, count);
    entries[at] = { ...entries[at]!, data: mutatePng(random, entries[at]!.data, pick(random, ODD)) };
  }
  if (oneIn(random, 2))
    entries = withEntries(entries, { name: 'soundtrack.wav', data: mutateWav(random, SOUND) });
  if (oneIn(random, 4)) {
    entries = withEntries(entries, { name: 'timing.json', data: mutateJsonText(random, timingOf(count)) });
  }
  if (oneIn(random, 12))
    entries = withEntries(entries, jsonEntry('metadata.json', pick(random, [null, [], '{', 7])));
  if (oneIn(random, 12)) return mutateZip(random, entries, zip(tapeEntries()));
  const bytes = zip(entries.map((entry) => ({ ...entry, deflate: oneIn(random, 2) })));
  return oneIn(random, 20) ? damage(random, bytes, bytes) : bytes;
}
