import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import JSZip from 'jszip';
import { frameName, RECORDED_AT } from './timing.ts';

/** The parts of a tape. A part that is left out has no entry. A string or Buffer is written unchanged, any other value as JSON. */
export interface TapeParts {
  frames: readonly Buffer[];
  timing?: unknown;
  metadata?: unknown;
  sound?: Buffer | undefined;
}

/**
 * Zips a tape as the site does: by JSZip, flat, frames first, STORE, sizes and CRC in the local headers. The file appears only as a
 * whole.
 */
export async function composeTape(
  path: string,
  { frames, timing, metadata, sound }: TapeParts,
): Promise<void> {
  const zip = new JSZip();
  // JSZip gives entries the time of day by default. A made tape has to be the same each time.
  const add = (name: string, content: Buffer | string) =>
    zip.file(name, content, { date: new Date(RECORDED_AT) });
  frames.forEach((png, n) => {
    add(frameName(n), png);
  });
  if (timing !== undefined) add('timing.json', asContent(timing));
  if (metadata !== undefined) add('metadata.json', asContent(metadata));
  if (sound !== undefined) add('soundtrack.wav', sound);
  const stream = zip.generateNodeStream({ type: 'nodebuffer', compression: 'STORE', streamFiles: false });
  const part = `${path}.${process.pid}.part`;
  try {
    await pipeline(stream, createWriteStream(part));
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}

function asContent(value: unknown): Buffer | string {
  return typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value, null, 2);
}
