// The list of `oven rebake`, and the file beside it that remembers what has ended.
import { createHash, randomUUID } from 'node:crypto';
import { appendFile, open, readFile, rename } from 'node:fs/promises';
import { CommandError, USAGE } from './error.ts';

/** A tape of the list: a body of POST /bake, or the job whose request is baked again. */
export interface Entry {
  readonly key: string;
  /** For people: the slug, or the job's id. */
  readonly name: string;
  readonly jobId?: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const REQUIRED = ['mongoId', 'slug', 'zipUrl', 'callbackUrl'] as const;
const FAULTS_SHOWN = 3;

/** Reads a list of JSON lines. A tape that is there twice counts once. Throws CommandError that names the bad lines. */
export function parseList(text: string, file: string): Entry[] {
  const entries = new Map<string, Entry>();
  const faults: string[] = [];
  for (const [n, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const entry = parseEntry(line);
    if (typeof entry === 'string') faults.push(`line ${n + 1} ${entry}`);
    else if (!entries.has(entry.key)) entries.set(entry.key, entry);
  }
  if (faults.length > 0) {
    const more = faults.length > FAULTS_SHOWN ? `; and ${faults.length - FAULTS_SHOWN} more` : '';
    throw new CommandError(`${file}: ${faults.slice(0, FAULTS_SHOWN).join('; ')}${more}`, USAGE);
  }
  return [...entries.values()];
}

function parseEntry(line: string): Entry | string {
  const body = parseJson(line);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'is no JSON object';
  const fields = body as Record<string, unknown>;
  if (typeof fields.jobId === 'string') {
    const { jobId, slug } = fields;
    return { key: jobId as string, name: String(slug ?? jobId), jobId: jobId as string, body: fields };
  }
  const missing = REQUIRED.filter((name) => typeof fields[name] !== 'string' || fields[name] === '');
  if (missing.length > 0) return `has no ${missing.join(', ')}`;
  // The query has a signature, which differs from list to list.
  const identity = [fields.mongoId, fields.slug, String(fields.zipUrl).replace(/[?#].*/s, '')];
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
  return { key, name: String(fields.slug), body: fields };
}

/** How the bake of one tape of the list ended. */
export interface Ended {
  readonly key: string;
  readonly name: string;
  readonly jobId?: string | undefined;
  /** `refused`: Oven did not take it. */
  readonly status: 'done' | 'failed' | 'refused';
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** What a run remembers: its id, by which Oven bakes each tape once, and the tapes that have ended. */
export interface Progress {
  readonly rebakeId: string;
  readonly ended: ReadonlyMap<string, Ended>;
  /** Remembers a tape that has ended. */
  record(ended: Ended): Promise<void>;
}

/** Reads a run's file without making one; undefined if there is none. Throws CommandError if it began otherwise. */
export async function readProgress(
  file: string,
  publish: boolean,
): Promise<Omit<Progress, 'record'> | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new CommandError(`${file} can not be read: ${error.code}`, undefined, { cause: error });
  });
  if (text === undefined) return undefined;
  // The last line of a process that was killed may be half a line: its tape is looked at again.
  const [header, ...lines] = text
    .split('\n')
    .map((line) => parseJson(line) as Record<string, unknown> | undefined);
  if (typeof header?.rebakeId !== 'string')
    throw new CommandError(`${file} is no file of \`oven rebake\``, USAGE);
  if (header.publish !== publish) {
    const how = header.publish ? 'with' : 'without';
    throw new CommandError(`this run began ${how} --publish; without ${file} another one begins`, USAGE);
  }
  const ended = lines.filter((line) => typeof line?.key === 'string') as unknown as Ended[];
  return { rebakeId: header.rebakeId, ended: new Map(ended.map((one) => [one.key, one])) };
}

/** Goes on with a run's file, or begins one. */
export async function openProgress(file: string, publish: boolean): Promise<Progress> {
  let found = await readProgress(file, publish);
  if (found === undefined) {
    const header = { rebakeId: randomUUID(), publish, startedAt: new Date().toISOString() };
    await writeWhole(file, `${JSON.stringify(header)}\n`);
    found = { rebakeId: header.rebakeId, ended: new Map() };
  }
  const ended = new Map(found.ended);
  let writing: Promise<void> = appendFile(file, '\n'); // ends half a line
  return {
    rebakeId: found.rebakeId,
    ended,
    record: async (one) => {
      ended.set(one.key, one);
      writing = writing.then(() => appendFile(file, `${JSON.stringify(one)}\n`));
      await writing;
    },
  };
}

/** Writes a file whole or not at all: no tape is sent before the run's id is on the disk. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const part = `${file}.part`;
  const handle = await open(part, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, file);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
