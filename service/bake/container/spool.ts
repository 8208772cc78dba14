import { open, rm } from 'node:fs/promises';
import type { TimedPacket } from './packets.ts';

/** Where a packet is in the file. */
interface Place {
  readonly at: number;
  readonly bytes: number;
  readonly packet: Omit<TimedPacket, 'data'>;
}

/**
 * Keeps packets in the file `path`, as they come, until the packets before them are written. Gives a reader of all of them, which
 * removes the file at its end. Throws what reading `packets` throws, and errors of the file system.
 */
export async function spoolPackets(
  path: string,
  packets: AsyncIterable<TimedPacket>,
): Promise<() => AsyncGenerator<TimedPacket>> {
  const places: Place[] = [];
  const file = await open(path, 'w');
  try {
    let at = 0;
    for await (const { data, ...packet } of packets) {
      await file.writeFile(data); // appends, and writes all of it or throws
      places.push({ at, bytes: data.length, packet });
      at += data.length;
    }
  } finally {
    await file.close();
  }
  return () => readSpool(path, places);
}

async function* readSpool(path: string, places: readonly Place[]): AsyncGenerator<TimedPacket> {
  const file = await open(path);
  try {
    for (const { at, bytes, packet } of places) {
      const data = new Uint8Array(bytes);
      await file.read(data, 0, bytes, at);
      yield { ...packet, data };
    }
  } finally {
    await file.close();
    await rm(path);
  }
}
