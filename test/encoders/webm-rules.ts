import { type Block, ID, readWebm, unsigned, type Webm, type WebmTrack } from './webm.ts';

/** Nanoseconds of sound that a decoder of Opus needs before its output is right (RFC 7845), and those of one packet. */
const OPUS_PRE_ROLL = 80_000_000;
const OPUS_PACKET_MS = 20;
const NANOSECONDS_PER_SAMPLE = 1e9 / 48_000;

/** All faults that a strict player can find in a WebM of VP9 and Opus; none in a right one. Pure. */
export function webmFaults(file: Buffer): string[] {
  try {
    const webm = readWebm(file);
    const [pictures, sound] = webm.tracks;
    const codecs = webm.tracks.map(({ codec }) => codec).join(' ');
    if (!/^V_VP9( A_OPUS)?$/.test(codecs)) return [`its tracks are ${codecs}`];
    return [
      ...layoutFaults(webm),
      ...pictureFaults(webm, pictures!),
      ...(sound ? soundFaults(webm, sound) : []),
    ];
  } catch (error) {
    return [(error as Error).message];
  }
}

function layoutFaults({ docType, scale, blocks, cues, seeks, elements, tracks }: Webm): string[] {
  const placeOf = new Map(elements.map(({ at, id }) => [at, id]));
  const numbers = blocks.map(({ time }) => time);
  // In the order heard and seen. Sound is heard earlier than its time, by its delay.
  const delay = Math.max(...tracks.map((track) => Math.ceil(track.delay / 1e6)));
  const lost = cues.find(({ time, cluster }) => {
    const inside = blocks.filter((block) => block.cluster === cluster && block.time === time);
    return placeOf.get(cluster) !== ID.cluster || !inside.some(({ isKeyframe }) => isKeyframe);
  });
  return [
    ...when(docType !== 'webm', `it is a ${docType}`),
    ...when(scale !== 1_000_000, `it counts in ${scale} ns`),
    ...when(
      blocks.some(({ isLaced }) => isLaced),
      'blocks are laced',
    ),
    ...when(
      numbers.some((time, n) => n > 0 && time < numbers[n - 1]! - delay),
      'blocks are not in the order of their times',
    ),
    ...when(cues.length === 0, 'there is nothing to jump to'),
    ...when(lost !== undefined, `a cue of ${lost?.time} ms leads to no keyframe`),
    ...when(
      seeks.some(({ id, at }) => placeOf.get(at) !== id),
      'what lies where is told wrongly',
    ),
  ];
}

function pictureFaults(webm: Webm, { number, video, colour }: WebmTrack): string[] {
  const blocks = webm.blocks.filter(({ track }) => track === number);
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (!first || !last) return ['there are no pictures'];
  const told = [0x55bb, 0x55ba, 0x55b1, 0x55b9].map((id) => unsigned(colour.get(id), 2)).join();
  const end = last.time + (last.duration ?? 0);
  const wrong = blocks.find((block) => (vp9Of(block)?.isKey ?? !block.isKeyframe) !== block.isKeyframe);
  const untold = blocks.find(({ time, duration }, n) => {
    const next = blocks[n + 1]?.time ?? time;
    return next > time && Math.abs((duration ?? 0) - (next - time)) > 1;
  });
  const size = vp9Of(first)?.size;
  const header = `${unsigned(video.get(0xb0))}×${unsigned(video.get(0xba))}`;
  return [
    ...when(first.time !== 0, `the first picture begins at ${first.time} ms`),
    ...when(
      blocks.some(({ time }, n) => n > 0 && time <= blocks[n - 1]!.time),
      'two pictures begin at once',
    ),
    ...when(untold !== undefined, `the picture at ${untold?.time} ms does not say how long it is shown`),
    ...when(last.duration === undefined, 'the last picture has no duration'),
    ...when(
      end > webm.duration + 0.5 || (webm.tracks.length === 1 && end < webm.duration - 1),
      `the pictures end at ${end} ms, the file at ${webm.duration}`,
    ),
    ...when(
      blocks.some((block) => vp9Of(block) === undefined),
      'a picture is none of VP9, profile 0, that is shown',
    ),
    ...when(
      wrong !== undefined,
      `the picture at ${wrong?.time} ms is told wrongly to be a keyframe, or none`,
    ),
    ...when(size !== undefined && size !== header, `it is ${size} by its stream, ${header} by its header`),
    // Primaries, transfer, matrix, range: BT.709, limited.
    ...when(told !== '1,1,1,1', `its colours are ${told}`),
  ];
}

/** The contents of the head of a VP9 picture; undefined for another profile than 0, or a picture that is not shown. */
function vp9Of({ data }: Block): { isKey: boolean; size: string | undefined } | undefined {
  const head = data[0] ?? 0;
  if (head >> 4 !== 0b1000 || (head & 0b1000) !== 0 || (head & 0b10) === 0) return undefined;
  const isKey = (head & 0b100) === 0;
  if (!isKey) return { isKey, size: undefined };
  // After the sync code: 3 bits of colours, 1 of range, then 16 bits each of width and height less one.
  const bits = data.readUIntBE(4, 5);
  const width = Math.floor(bits / 2 ** 20) % 65_536;
  const height = Math.floor(bits / 2 ** 4) % 65_536;
  return { isKey, size: `${width + 1}×${height + 1}` };
}

function soundFaults(webm: Webm, { number, private: head, delay, preRoll, audio }: WebmTrack): string[] {
  const blocks = webm.blocks.filter(({ track }) => track === number);
  const last = blocks.at(-1);
  if (last === undefined) return ['there is no sound'];
  const pictures = webm.blocks.findLast(({ track }) => track !== number)!;
  const skipped = head?.toString('latin1', 0, 8) === 'OpusHead' ? head.readUInt16LE(10) : Number.NaN;
  const end = last.time + OPUS_PACKET_MS - last.discarded / 1e6 - delay / 1e6;
  const beyond = end - pictures.time - (pictures.duration ?? 0);
  return [
    ...when(
      !(Math.abs(skipped * NANOSECONDS_PER_SAMPLE - delay) <= NANOSECONDS_PER_SAMPLE),
      `its delay is ${delay} ns, by the codec ${skipped} samples`,
    ),
    ...when(preRoll !== OPUS_PRE_ROLL, `it needs ${preRoll} ns after a jump`),
    ...when(audio.get(0xb5)?.readDoubleBE(0) !== 48_000, 'its rate is not 48 kHz'),
    ...when(unsigned(audio.get(0x9f), 1) !== head?.[9], 'its channels are told in two ways'),
    ...when(
      blocks.some(({ time }, n) => n > 0 && Math.abs(time - blocks[n - 1]!.time - OPUS_PACKET_MS) > 1),
      'packets of sound are missing, or too many',
    ),
    ...when(beyond > 1, `sound goes on for ${beyond} ms after the pictures`),
  ];
}

function when(wrong: boolean, fault: string): string[] {
  return wrong ? [fault] : [];
}
