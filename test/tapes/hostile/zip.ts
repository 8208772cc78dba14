import { crc32, deflateRawSync } from 'node:zlib';

/**
 * One entry of a ZIP under test. Each field beside name and data overrides an honest writer's; those that begin with `local` do so in the
 * local header only.
 */
export interface Entry {
  readonly name: string | Buffer;
  readonly data: Buffer;
  readonly deflate?: boolean;
  /** Bytes in the ZIP instead of the packed data. */
  readonly packed?: Buffer;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly size?: number;
  readonly packedSize?: number;
  /** Extra field of the directory record, raw. */
  readonly extra?: Buffer;
  readonly headerOffset?: number;
  readonly localName?: string;
  readonly localSize?: number;
  readonly localPackedSize?: number;
  readonly localCrc?: number;
  readonly localFlags?: number;
  readonly localExtra?: Buffer;
  readonly localSignature?: number;
  /** Whether sizes and checksum follow the data (bit 3), as from streaming writers. */
  readonly descriptor?: boolean;
}

/** Wrong fields of the end record, and bytes around the ZIP. */
export interface Ending {
  readonly count?: number;
  readonly directorySize?: number;
  readonly directoryOffset?: number;
  readonly disk?: number;
  readonly comment?: Buffer;
  /** Between the directory and the end record. */
  readonly beforeEnd?: Buffer;
  readonly after?: Buffer;
}

/** Writes a ZIP, honest or not. */
export function zip(entries: readonly Entry[], ending: Ending = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, record } = writeEntry(entry, offset);
    parts.push(local);
    directory.push(record);
    offset += local.length;
  }
  const records = Buffer.concat(directory);
  const comment = ending.comment ?? Buffer.alloc(0);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(ending.disk ?? 0, 4);
  end.writeUInt16LE(ending.count ?? entries.length, 8);
  end.writeUInt16LE(ending.count ?? entries.length, 10);
  end.writeUInt32LE(ending.directorySize ?? records.length, 12);
  end.writeUInt32LE(ending.directoryOffset ?? offset, 16);
  end.writeUInt16LE(comment.length, 20);
  const nothing = Buffer.alloc(0);
  return Buffer.concat([
    ...parts,
    records,
    ending.beforeEnd ?? nothing,
    end,
    comment,
    ending.after ?? nothing,
  ]);
}

/** Writes a ZIP with ZIP64 fields wherever possible, as some writers do without need. */
export function zip64(entries: readonly Entry[]): Buffer {
  const full = 0xffffffff;
  let offset = 0;
  const forced = entries.map((entry): Entry => {
    const { data } = entry;
    const name = Buffer.byteLength(entry.name);
    const sizes = zip64Extra(data.length, data.length);
    const extra = zip64Extra(data.length, data.length, offset);
    offset += 30 + name + sizes.length + data.length;
    const lies = { size: full, packedSize: full, headerOffset: full, localSize: full, localPackedSize: full };
    return { ...entry, ...lies, extra, localExtra: sizes };
  });
  const directorySize = forced.reduce(
    (sum, { name, extra }) => sum + 46 + Buffer.byteLength(name) + extra!.length,
    0,
  );
  const ends = Buffer.alloc(56 + 20);
  ends.writeUInt32LE(0x06064b50, 0);
  ends.writeBigUInt64LE(44n, 4);
  for (const at of [24, 32]) ends.writeBigUInt64LE(BigInt(entries.length), at);
  ends.writeBigUInt64LE(BigInt(directorySize), 40);
  ends.writeBigUInt64LE(BigInt(offset), 48);
  ends.writeUInt32LE(0x07064b50, 56);
  ends.writeBigUInt64LE(BigInt(offset + directorySize), 64);
  ends.writeUInt32LE(1, 72);
  return zip(forced, { count: 0xffff, directorySize: full, directoryOffset: full, beforeEnd: ends });
}

function zip64Extra(...values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  for (const [at, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * at);
  return extra;
}

function writeEntry(entry: Entry, offset: number): { local: Buffer; record: Buffer } {
  const packed = entry.packed ?? (entry.deflate ? deflateRawSync(entry.data) : entry.data);
  const crc = entry.crc ?? crc32(entry.data);
  const size = entry.size ?? entry.data.length;
  const packedSize = entry.packedSize ?? packed.length;
  const flags = (entry.flags ?? 0) | (entry.descriptor ? 0x8 : 0);
  const method = entry.method ?? (entry.deflate ? 8 : 0);
  const name = Buffer.from(entry.name);
  const localName = Buffer.from(entry.localName ?? name);
  const localExtra = entry.localExtra ?? Buffer.alloc(0);
  const extra = entry.extra ?? Buffer.alloc(0);

  const header = Buffer.alloc(30);
  header.writeUInt32LE(entry.localSignature ?? 0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(entry.localFlags ?? flags, 6);
  header.writeUInt16LE(method, 8);
  header.writeUInt32LE(entry.descriptor ? 0 : (entry.localCrc ?? crc), 14);
  header.writeUInt32LE(entry.descriptor ? 0 : (entry.localPackedSize ?? packedSize), 18);
  header.writeUInt32LE(entry.descriptor ? 0 : (entry.localSize ?? size), 22);
  header.writeUInt16LE(localName.length, 26);
  header.writeUInt16LE(localExtra.length, 28);

  const descriptor = Buffer.alloc(entry.descriptor ? 16 : 0);
  if (entry.descriptor) {
    descriptor.writeUInt32LE(0x08074b50, 0);
    descriptor.writeUInt32LE(crc, 4);
    descriptor.writeUInt32LE(packedSize, 8);
    descriptor.writeUInt32LE(size, 12);
  }

  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE(20, 4);
  record.writeUInt16LE(20, 6);
  record.writeUInt16LE(flags, 8);
  record.writeUInt16LE(method, 10);
  record.writeUInt32LE(crc, 16);
  record.writeUInt32LE(packedSize, 20);
  record.writeUInt32LE(size, 24);
  record.writeUInt16LE(name.length, 28);
  record.writeUInt16LE(extra.length, 30);
  record.writeUInt32LE(entry.headerOffset ?? offset, 42);
  return {
    local: Buffer.concat([header, localName, localExtra, packed, descriptor]),
    record: Buffer.concat([record, name, extra]),
  };
}
