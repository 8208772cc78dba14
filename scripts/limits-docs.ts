/** docs/limits.md: every bound of what comes from outside, with its default, its reason and its place. Fixed values are read from their source. */
import { readFileSync } from 'node:fs';
import { LIMITS, type LimitName } from '../service/bake/limits.ts';
import { VARIABLES } from '../service/config/variables.ts';
import { grouped, renderTable } from './tables.ts';

/** Why a tape may not be larger. */
const TAPES: Readonly<Record<LimitName, string>> = {
  zipBytes: 'disk and time of a download',
  unzippedBytes: 'a small ZIP may unpack to any size; counted while it unpacks',
  seconds: 'the recorder ends at 30 s',
  frames: 'memory and time for each of them: headers, checksums, times',
  framePixels: 'memory of a decoded picture, several of which the encoder holds',
  tapePixels: 'the time of a bake grows with it; a tape within all other limits may have minutes of work',
};

/** Other variables that bound something. */
const VARIABLE_REASONS = {
  CONCURRENCY: 'each bake has a share of memory and of the cores',
  MAX_QUEUED: 'Redis keeps what waits in memory',
  MAX_HISTORY: 'every list, and the index of names, has an entry for each finished tape',
  MAX_HISTORY_MB:
    'half of the memory that Redis has on a host, so that what waits has room; a tape with 60 KiB of `metadata` takes about 70 KiB',
  MIN_FREE_MB: 'a bake must not fill the disk of Redis and the log',
  BAKE_TIMEOUT_SECONDS: 'a stage of an attempt that hangs ends',
} as const satisfies Partial<Record<keyof typeof VARIABLES, string>>;

interface Fixed {
  readonly what: string;
  readonly file: string;
  /** The name of a constant, or what stands before the value and, as a group, the value itself. */
  readonly value: string | RegExp;
  readonly unit: 'bytes' | 'ms' | 'seconds' | '';
  readonly why: string;
}

const fixed = (
  what: string,
  file: string,
  value: string | RegExp,
  unit: Fixed['unit'],
  why: string,
): Fixed => ({ what, file, value, unit, why });

const PROXY: readonly Fixed[] = [
  fixed('body, at the proxy', 'infra/host/caddy.ts', /max_size (\S+)/, '', 'ends before it is forwarded'),
  fixed(
    'headers, at the proxy',
    'infra/host/caddy.ts',
    /max_header_size (\S+)/,
    '',
    'memory of a connection',
  ),
  fixed(
    'time for headers, at the proxy',
    'infra/host/caddy.ts',
    /read_header (\S+)/,
    '',
    'slow callers hold connections',
  ),
  fixed(
    'time for a body, at the proxy',
    'infra/host/caddy.ts',
    /read_body (\S+)/,
    '',
    'slow callers hold connections',
  ),
];
const REQUESTS: readonly Fixed[] = [
  fixed(
    'body of a request',
    'service/http/app.ts',
    'MAX_BODY_BYTES',
    'bytes',
    'it is parsed whole, and `metadata` goes into Redis',
  ),
  fixed(
    'depth of `metadata`',
    'service/lib/json-bounds.ts',
    'MAX_DEPTH',
    '',
    'later readers of the JSON may use recursion',
  ),
  fixed(
    'length of a URL in a request',
    'service/schemas/request.ts',
    'MAX_URL',
    '',
    'Redis and the log keep it',
  ),
  fixed(
    'open pages of the dashboard',
    'service/dashboard/routes.ts',
    /maxClients \?\? (\d+)/,
    '',
    'each holds a connection',
  ),
  fixed(
    'an operator’s session',
    'service/http/operator.ts',
    'SESSION_SECONDS',
    'seconds',
    'a forgotten browser ends by itself',
  ),
];
const FETCHES: readonly Fixed[] = [
  fixed('redirects of a source', 'service/source/download.ts', /maxRedirects \?\? (\d+)/, '', 'circles'),
  fixed(
    'read of a callback’s answer',
    'service/callback/post.ts',
    'MAX_ANSWER_BYTES',
    'bytes',
    'its text is ignored',
  ),
  fixed('time to read it', 'service/callback/post.ts', 'MAX_ANSWER_MS', 'ms', 'a receiver may send for ever'),
  fixed(
    'time to connect to a receiver',
    'service/callback/post.ts',
    'CONNECT_MS',
    'ms',
    'a receiver that hangs holds one of its places',
  ),
  fixed(
    'Retry-After of a receiver',
    'service/callback/schedule.ts',
    'MAX_RETRY_AFTER',
    'ms',
    'no receiver stops its callback for longer',
  ),
  fixed(
    'a request that stores a file',
    'service/storage/bucket-storage.ts',
    'PUT_MS',
    'ms',
    'a bucket that hangs',
  ),
];
const BAKES: readonly Fixed[] = [
  fixed(
    'longer side of a frame',
    'service/bake/limits.ts',
    'FRAME_SIDE_LIMIT',
    '',
    'H.264 itself ends at 8,688',
  ),
  fixed(
    'length of a name in a ZIP',
    'service/bake/open/contents.ts',
    'MAX_NAME_LENGTH',
    '',
    'memory, for each of 65,535 names',
  ),
  fixed(
    'depth of a tape’s JSON',
    'service/bake/open/json.ts',
    'MAX_DEPTH',
    '',
    'a deep one stops the event loop',
  ),
  fixed(
    'values in metadata.json',
    'service/bake/open/json.ts',
    'MAX_METADATA_VALUES',
    '',
    'a long one stops the event loop',
  ),
  fixed(
    'data after a PNG’s picture',
    'service/bake/frames/png.ts',
    'MAX_SURPLUS_BYTES',
    'bytes',
    'a decompression bomb',
  ),
  fixed(
    'one allocation of ffmpeg',
    'service/bake/ffmpeg.ts',
    'MAX_ALLOC_BYTES',
    'bytes',
    'chunks of a PNG unpack to any size',
  ),
  fixed(
    'memory of the process for pictures',
    'service/bake/images/process.ts',
    'MAX_MEMORY_BYTES',
    'bytes',
    'it ends before the host is out of memory',
  ),
  fixed(
    'answer of that process',
    'service/bake/images/process.ts',
    'RESPONSE_MS',
    'ms',
    'a picture that takes for ever',
  ),
  fixed(
    'one packet of the encoder',
    'service/bake/container/packets.ts',
    'MAX_ELEMENT_BYTES',
    'bytes',
    'memory of the service',
  ),
  fixed(
    'kept of the encoder’s messages',
    'service/bake/encode/run-encoder.ts',
    'TAIL_CHARACTERS',
    '',
    'a flood of them',
  ),
];
const HOST: readonly Fixed[] = [
  fixed(
    'lines of the log that wait for its disk',
    'service/lib/log-stream.ts',
    'MAX_BACKLOG',
    'bytes',
    'a full disk loses lines, and nothing else',
  ),
  fixed(
    'equal lines of an error in a minute',
    'service/lib/equal-lines.ts',
    'LINES',
    '',
    'a lost Redis does not fill the disk',
  ),
  fixed(
    'memory of the service on a host',
    'infra/host/service.ts',
    /MemoryMax=(\S+)/,
    '',
    'Redis and SSH go on',
  ),
  fixed('processes and threads on a host', 'infra/host/sandbox.ts', /TasksMax=(\S+)/, '', 'a fork bomb'),
  fixed('open files on a host', 'infra/host/sandbox.ts', /LimitNOFILE=(\S+)/, '', 'connections and frames'),
];

/** The page of all limits. Throws where a fixed value is no longer where the table says. */
export function renderLimits(): string {
  return `# Limits

This file is written by \`npm run fix\` from [service/bake/limits.ts](../service/bake/limits.ts), [service/config/variables.ts](../service/config/variables.ts) and the table in
[scripts/limits-docs.ts](../scripts/limits-docs.ts), which reads fixed values from their source. [configuration.md](configuration.md) says how variables are changed, [security.md](security.md) what the limits are for.

## What an operator can change

${renderTable(
  ['what', 'default', 'variable', 'why', 'where'],
  [
    ...Object.entries(LIMITS).map(([name, { bounds, default: value, unit, variable }]) => [
      bounds,
      `${grouped(value)} ${unit}`,
      `\`${variable}\``,
      TAPES[name as LimitName],
      'service/bake/limits.ts',
    ]),
    ...Object.entries(VARIABLE_REASONS).map(([name, why]) => {
      const { about, default: value } = VARIABLES[name as keyof typeof VARIABLE_REASONS];
      return [about, value, `\`${name}\``, why, 'service/config/variables.ts'];
    }),
  ],
)}
## Fixed

${section('Requests, at the proxy', PROXY)}
${section('Requests', REQUESTS)}
${section('What Oven fetches and calls', FETCHES)}
${section('A bake', BAKES)}
${section('The host', HOST)}`;
}

function section(title: string, rows: readonly Fixed[]): string {
  const cells = rows.map((row) => [row.what, shownValue(row), row.why, row.file]);
  return `### ${title}\n\n${renderTable(['what', 'at most', 'why', 'where'], cells)}`;
}

function shownValue({ file, value, unit }: Fixed): string {
  const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  if (value instanceof RegExp) {
    const [, found] = value.exec(text) ?? [];
    if (found === undefined) throw new Error(`${file} has nothing like ${value}`);
    return found;
  }
  return withUnit(numberOf(value, text, file), unit);
}

/** The value of a constant that is a product of numbers and other constants of its file. */
function numberOf(name: string, text: string, file: string): number {
  const [, product] = new RegExp(`^(?:export )?const ${name} = ([\\w* ]+);`, 'm').exec(text) ?? [];
  if (product === undefined) throw new Error(`${file} has no constant ${name}`);
  const factors = product.split(' * ').map((factor) => Number(factor.replaceAll('_', '')));
  const names = product.split(' * ');
  return factors.reduce(
    (all, factor, index) => all * (Number.isNaN(factor) ? numberOf(names[index]!, text, file) : factor),
    1,
  );
}

const STEPS = {
  bytes: [
    [1024 * 1024, 'MiB'],
    [1024, 'KiB'],
    [1, 'bytes'],
  ],
  ms: [
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
    [1, 'ms'],
  ],
  seconds: [
    [3600, 'h'],
    [1, 's'],
  ],
} as const;

function withUnit(value: number, unit: Fixed['unit']): string {
  if (unit === '') return grouped(value);
  const [size, name] = STEPS[unit].find(([step]) => value >= step && value % step === 0) ?? [1, unit];
  return `${grouped(value / size)} ${name}`;
}
