import { lowestLevel, readSps, type Sps } from './avc.ts';
import { type Mp4, type Mp4Sample, type Mp4Track, readMp4 } from './isobmff.ts';

/** Audio samples that ffmpeg's own AAC encoder puts before the sound. */
const AAC_PRIMING = 1024;
/** Audio samples in a packet of AAC. */
const AAC_PACKET = 1024;

/** All faults that a strict player can find in an MP4; none in a right one. Pure. */
export function mp4Faults(file: Buffer): string[] {
  try {
    const mp4 = readMp4(file);
    const layout = layoutFaults(file, mp4);
    if (mp4.tracks.some(({ samples }) => samples.length === 0)) return [...layout, 'a track has no samples'];
    return [
      ...layout,
      ...mp4.tracks.flatMap((track) => [
        ...timeFaults(mp4, track),
        ...dataFaults(file, mp4, track),
        ...(track.handler === 'vide' ? pictureFaults(file, mp4, track) : soundFaults(mp4, track)),
      ]),
    ];
  } catch (error) {
    return [(error as Error).message];
  }
}

function layoutFaults(file: Buffer, { boxes, movie, tracks }: Mp4): string[] {
  const order = boxes.map(({ type }) => type).filter((type) => type !== 'free');
  const longest = Math.max(...tracks.map(({ header }) => header.duration));
  const kinds = tracks.map(({ handler }) => handler).join(' ');
  return [
    ...when(order.join(' ') !== 'ftyp moov mdat', `its boxes are ${order.join(' ')}`),
    ...when(boxes.at(-1)?.end !== file.length, 'it does not end where its last box does'),
    ...when(kinds !== 'vide' && kinds !== 'vide soun', `its tracks are ${kinds}`),
    ...when(movie.duration !== longest, `mvhd says ${movie.duration}, the longest tkhd ${longest}`),
  ];
}

/** Checks that decode times, shown times, edits and the durations of all headers agree. */
function timeFaults({ movie }: Mp4, track: Mp4Track): string[] {
  const { handler, samples, edits, timescale, duration, header } = track;
  const total = samples.reduce((sum, sample) => sum + sample.duration, 0);
  const shown = samples.map((sample) => sample.shown).toSorted((a, b) => a - b);
  const played = edits.filter(({ mediaTime }) => mediaTime !== -1);
  const edited = edits.reduce((sum, edit) => sum + edit.duration, 0);
  const begin = played[0]?.mediaTime ?? 0;
  const length = played[0]?.duration ?? (total * movie.timescale) / timescale;
  const end = begin + (length * timescale) / movie.timescale;
  const last = Math.max(...samples.map((sample) => sample.shown + sample.duration));
  // The movie's clock may be coarser than the track's.
  const tick = timescale / movie.timescale + 0.5;
  const faults = [
    ...when(total !== duration, `lasts ${duration} by mdhd, ${total} by stts`),
    ...when(
      samples.some((sample) => sample.duration === 0),
      'has a sample of no duration',
    ),
    ...when(new Set(shown).size !== shown.length, 'shows two samples at once'),
    ...when(
      played.length > 1 || edits.some(({ rate }) => rate !== 1),
      'has edits that are more than a begin',
    ),
    ...when(
      edits.length > 0 && edited !== header.duration,
      `lasts ${header.duration} by tkhd, ${edited} by elst`,
    ),
    ...when(
      edits.length === 0 && Math.abs((total * movie.timescale) / timescale - header.duration) > 1,
      `lasts ${header.duration} by tkhd and has no edits`,
    ),
    ...when(handler === 'vide' && shown[0] !== begin, `begins at ${begin}, its first picture at ${shown[0]}`),
    ...when(end - last > tick, `is played up to ${end}, its samples end at ${last}`),
    ...when(
      handler === 'vide' && last - end > tick,
      `has pictures up to ${last}, and is played up to ${end}`,
    ),
  ];
  return faults.map((fault) => `${handler} ${fault}`);
}

/** Checks that samples fill the data, each byte in one sample, and have the right contents. */
function dataFaults(file: Buffer, { boxes }: Mp4, { handler, samples }: Mp4Track): string[] {
  const data = boxes.find(({ type }) => type === 'mdat');
  const sorted = samples.toSorted((a, b) => a.offset - b.offset);
  const isOutside = sorted.some(
    ({ offset, size }) => offset < (data?.start ?? 0) + 8 || offset + size > (data?.end ?? 0),
  );
  const overlap = sorted.some(
    ({ offset }, n) => n > 0 && offset < sorted[n - 1]!.offset + sorted[n - 1]!.size,
  );
  return [
    ...when(isOutside, `${handler} has samples outside of mdat`),
    ...when(overlap, `${handler} has samples that share bytes`),
    ...when(
      handler === 'vide' && samples.some((sample) => nalsOf(file, sample) === undefined),
      'vide has a sample that is not whole NAL units',
    ),
  ];
}

/** The types of a sample's NAL units, each after its length; undefined where the lengths do not add up. */
function nalsOf(file: Buffer, { offset, size }: Mp4Sample): number[] | undefined {
  const types: number[] = [];
  let at = offset;
  while (at + 4 < offset + size && at + 4 < file.length) {
    types.push(file[at + 4]! & 31);
    at += 4 + file.readUInt32BE(at);
  }
  return at === offset + size && types.some((type) => type === 1 || type === 5) ? types : undefined;
}

function pictureFaults(file: Buffer, { movie }: Mp4, track: Mp4Track): string[] {
  const { entry, header, samples, syncs } = track;
  const config = entry.boxes.get('avcC');
  if (entry.type !== 'avc1' || config === undefined) return [`vide is ${entry.type}`];
  const sps = readSps(config.subarray(8, 8 + config.readUInt16BE(6)));
  const size = `${sps.width}×${sps.height}`;
  const told = [
    `${header.width}×${header.height}`,
    `${entry.body.readUInt16BE(24)}×${entry.body.readUInt16BE(26)}`,
  ];
  const instant = samples.flatMap((sample, n) => (nalsOf(file, sample)?.includes(5) ? [n] : []));
  const expected = syncs ?? samples.map((_, n) => n);
  const lastShown = samples.reduce(
    (last, sample) => (sample.shown > last.shown ? sample : last),
    samples[0]!,
  );
  const early = samples.some((sample) => sample.shown < sample.decode) && !isShiftSigned(track);
  return [
    ...when(
      told.some((other) => other !== size),
      `vide is ${size} by its stream, ${told.join(' and ')} by its headers`,
    ),
    ...when(config[1] !== sps.profile || config[3] !== sps.level, 'avcC and its parameter set differ'),
    ...when(
      sps.chroma !== 1 || sps.bits !== 8 || ![66, 77, 100].includes(sps.profile),
      'vide is not 8 bits in 4:2:0',
    ),
    ...when(instant.join() !== expected.join(), `stss has ${expected.join()}, the stream ${instant.join()}`),
    ...when(lastShown !== samples.at(-1), 'the picture shown last is not decoded last'),
    ...when(early, 'a picture is shown before it is decoded'),
    ...when(
      samples.length === 1 && movie.duration / movie.timescale > 1,
      'one picture is all there is for more than a second',
    ),
    ...colourFaults(sps, entry.boxes.get('colr')),
    ...levelFaults(sps, track),
  ];
}

/** Checks offsets. Negative ones need an edit or a version of ctts, and here all pictures must still have a place. */
function isShiftSigned({ samples }: Mp4Track): boolean {
  return Math.min(...samples.map(({ shown }) => shown)) >= 0;
}

function colourFaults({ colour }: Sps, colr: Buffer | undefined): string[] {
  const stream = colour && [colour.primaries, colour.transfer, colour.matrix, colour.full ? 1 : 0].join();
  const box =
    colr?.toString('latin1', 0, 4) === 'nclx'
      ? [colr.readUInt16BE(4), colr.readUInt16BE(6), colr.readUInt16BE(8), colr[10]! >> 7].join()
      : undefined;
  return [
    ...when(stream !== '1,1,1,0', `its stream's colours are ${stream}`),
    ...when(box !== '1,1,1,0', `its box of colours says ${box}`),
  ];
}

function levelFaults(sps: Sps, { samples, timescale }: Mp4Track): string[] {
  const shown = samples.map((sample) => sample.shown / timescale).toSorted((a, b) => a - b);
  // The rate in any one second, and that of a stricter reading: all pictures as close as the closest two.
  const peak = Math.max(...shown.map((time, n) => shown.findLastIndex((other) => other < time + 1) - n + 1));
  const closest = Math.min(...shown.slice(1).map((time, n) => time - shown[n]!), 1);
  const bytes = Math.max(
    ...shown.map((time) =>
      samples.reduce((sum, { shown: at, size }) => {
        const inside = at / timescale >= time && at / timescale < time + 1;
        return inside ? sum + size : sum;
      }, 0),
    ),
  );
  const kept = sps.buffered ?? sps.references;
  const least = lowestLevel(sps, peak, kept);
  const most = lowestLevel(sps, 1 / closest, kept, (bytes * 8) / 1000);
  return [
    ...when(sps.level < least, `level ${sps.level / 10} is too low: ${least / 10} at the least`),
    ...when(sps.level > most, `level ${sps.level / 10} is too high: ${most / 10} is enough`),
    ...when(sps.reorder !== undefined && sps.reorder > kept, 'more pictures wait than are kept'),
    ...when(
      sps.rate !== undefined && !(sps.rate >= 1 && sps.rate <= 172),
      `its clock has ${sps.rate} pictures a second`,
    ),
  ];
}

function soundFaults({ movie, tracks }: Mp4, { entry, edits, samples, timescale }: Mp4Track): string[] {
  const video = tracks.find(({ handler }) => handler === 'vide');
  const played = edits.find(({ mediaTime }) => mediaTime !== -1);
  const silence = edits
    .filter(({ mediaTime }) => mediaTime === -1)
    .reduce((sum, edit) => sum + edit.duration, 0);
  const rate = entry.body.readUInt32BE(24) / 65_536;
  const beyond = (silence + (played?.duration ?? 0) - (video?.header.duration ?? 0)) / movie.timescale;
  return [
    ...when(entry.type !== 'mp4a' || !entry.boxes.has('esds'), `soun is ${entry.type}`),
    ...when(rate !== timescale, `soun counts in ${timescale}, and has ${rate} samples a second`),
    ...when(
      played?.mediaTime !== AAC_PRIMING,
      `soun begins at ${played?.mediaTime} instead of after its priming`,
    ),
    ...when(
      samples.slice(0, -1).some(({ duration }) => duration !== AAC_PACKET) ||
        samples.at(-1)!.duration > AAC_PACKET,
      'soun has packets of another length',
    ),
    ...when(beyond > AAC_PACKET / rate, `soun goes on for ${beyond} s after the pictures`),
  ];
}

function when(wrong: boolean, fault: string): string[] {
  return wrong ? [fault] : [];
}
