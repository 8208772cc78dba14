/**
 * Every error code of Oven, in one table. A code with `retry` says why a bake failed: in the status of its job, its
 * callback and the metrics. A code with `status` says why a request is refused. A code
 * with neither is a condition that /health tells. `npm run fix` writes docs/errors.md from the table.
 */

/** Whose fault an error is. `setup`: Oven's own settings, keys or rights are wrong. `caller`: the caller asked for it. */
export type Fault = 'tape' | 'source' | 'storage' | 'host' | 'queue' | 'setup' | 'caller' | 'bug';

/** Whether the same tape may bake later, and what it takes to try again. */
export const RETRIES = {
  /** The step that failed tries again at once; the bake tries again after that. */
  transient: 'by itself, at once and then for some minutes',
  automatic: 'by itself, later',
  /** The fault is not the tape's: jobs wait until it is gone, and spend no attempt. After a day they fail. */
  postponed: 'by itself, when the fault is gone; after a day the tape fails, and may be sent again',
  /** Oven does not try again by itself: the caller does not want it, or it would fail in the same way after the same time. */
  manual: 'when the tape is sent again',
  /** The same tape fails the same way: only `oven retry` or `rebake: true` bakes it again. */
  never: 'no',
} as const;
export type Retry = keyof typeof RETRIES;

/** `message` is public, unless the thrower gives a more exact one. `action` is what the operator does. */
interface Row {
  readonly fault: Fault;
  readonly message: string;
  readonly action: string;
  readonly retry?: Retry;
  /** The HTTP status of a refusal. */
  readonly status?: number;
}

const tape = (message: string) =>
  failure('tape', 'never', message, 'Ask for a whole tape; tape.md says what Oven reads.');

export const ERRORS = {
  // Why a bake fails: the tape
  TAPE_NOT_FOUND: tape('There is no such file, or it can not be read.'),
  NOT_A_ZIP: tape('The file is not a ZIP.'),
  ZIP_TRUNCATED: tape('The directory of the ZIP points beyond the end of the file.'),
  ZIP_ENCRYPTED: tape('The ZIP is encrypted.'),
  ZIP_UNSUPPORTED: tape('The ZIP has a compression other than store and deflate, or several parts.'),
  ZIP_CORRUPT: tape('The directory of the ZIP and its entries contradict each other.'),
  ENTRY_NAME: tape('A name leads out of the tape, or differs in the entry’s own header.'),
  ENTRY_DUPLICATE: tape('One part of the tape is there twice.'),
  ENTRY_OVERLAP: tape('Two entries share bytes of the file.'),
  ENTRY_SIZE: tape('An entry holds more or fewer bytes than it says.'),
  ENTRY_CRC: tape('An entry does not have the checksum that it says.'),
  ENTRY_RATIO: tape('An entry is a decompression bomb.'),
  ENTRY_TOO_LARGE: tape('An entry is larger than such a part of a tape can be.'),
  TAPE_TOO_LARGE: tape('The ZIP, or what it unpacks to, is too large (MAX_ZIP_MB, MAX_UNZIPPED_MB).'),
  TAPE_TOO_LONG: tape('The tape is longer than MAX_TAPE_SECONDS.'),
  TAPE_TOO_MANY_FRAMES: tape('The tape has more frames than MAX_FRAMES.'),
  TAPE_TOO_MANY_PIXELS: failure(
    'tape',
    'never',
    'The outputs have more pixels in all than MAX_TAPE_PIXELS.',
    'Ask for fewer outputs, a smaller scale or a smaller `maxSide`, or raise MAX_TAPE_PIXELS together with BAKE_TIMEOUT_SECONDS.',
  ),
  TAPE_NO_FRAMES: tape('The tape has no frames.'),
  TAPE_AMBIGUOUS: tape('Frames are in two folders, or named in two ways.'),
  FRAME_MISSING: tape('The numbers of the frames have a hole.'),
  FRAME_NOT_PNG: tape('A frame is not a PNG.'),
  FRAME_CORRUPT: tape('A frame of the tape is a PNG that can not be decoded.'),
  FRAME_SIZE: tape('A frame does not have the size of the first frame.'),
  FRAME_TOO_LARGE: tape('A frame has more pixels than MAX_FRAME_PIXELS.'),
  TIMING_NOT_JSON: tape('timing.json is not JSON.'),
  TIMING_NOT_ARRAY: tape('timing.json is not an array.'),
  TIMING_NOT_NUMBER: tape('A time in timing.json is not a number.'),
  TIMING_NEGATIVE: tape('A time in timing.json is negative.'),
  TIMING_LENGTH: tape('timing.json has at least two entries more than there are frames: frames were lost.'),
  TIMING_CONTRADICTORY: tape('Durations, timestamps and metadata.json’s total tell of different tapes.'),

  TAPE_NOT_ENCODABLE: failure(
    'tape',
    'never',
    'The encoder fails on this tape in the same way each time, and bakes others.',
    'Look in the log for the encoder’s last lines, and keep the tape: it shows a fault of the encoder or of Oven.',
  ),

  // Why a bake fails: the address of the tape
  SOURCE_NOT_FOUND: failure(
    'source',
    'never',
    'The address of the tape answers 404 or 410.',
    'Look whether the tape was uploaded, then send it again with `rebake: true`.',
  ),
  SOURCE_REFUSED: failure(
    'source',
    'never',
    'The address of the tape answers with another error, or with a compressed file.',
    'Ask for `zipUrl` with curl: a signature may have expired, or a right may be missing.',
  ),
  SOURCE_TOO_LARGE: failure(
    'source',
    'never',
    'The tape is larger than MAX_ZIP_MB.',
    'Raise MAX_ZIP_MB if such tapes are wanted.',
  ),
  SOURCE_UNREACHABLE: failure(
    'source',
    'transient',
    'The address of the tape can not be reached, or answers 5xx or 429.',
    'Ask for `zipUrl` with curl from the host.',
  ),
  SOURCE_BUCKET_DOWN: failure(
    'source',
    'postponed',
    'The bucket of tapes can not be reached, or answers 5xx or 429.',
    'Look at the status of the bucket’s provider, and at ART_SPACES_ENDPOINT.',
  ),
  SOURCE_TIMEOUT: failure(
    'source',
    'transient',
    'The address of the tape is too slow.',
    'Ask for `zipUrl` with curl from the host, and look at its speed.',
  ),
  SOURCE_TRUNCATED: failure(
    'source',
    'transient',
    'The connection ended before the tape was complete.',
    'Ask for `zipUrl` with curl from the host, and compare the size.',
  ),
  SOURCE_PRIVATE_ADDRESS: failure(
    'source',
    'never',
    'The address of the tape is not on the public internet.',
    'Name a private origin in ALLOWED_SOURCES if it is yours.',
  ),
  SOURCE_REDIRECTS: failure(
    'source',
    'never',
    'The address of the tape redirects too often, in a circle, to nowhere, or from https to http.',
    'Send the address where the tape is.',
  ),
  SOURCE_NOT_ALLOWED: failure(
    'source',
    'never',
    'The address of the tape, or one that it redirects to, is not below an allowed origin.',
    'Add the origin to ALLOWED_SOURCES if it is yours.',
  ),
  SOURCE_MISCONFIGURED: failure(
    'setup',
    'postponed',
    'Oven may not read the bucket or the folder of tapes.',
    'Correct ART_SPACES_* or USER_SPACES_*: the name of the bucket, its keys, or what the keys may do.',
  ),

  // Why a bake fails: the storage
  STORAGE_UNREACHABLE: failure(
    'storage',
    'postponed',
    'The storage can not be reached.',
    'Look at the status of the storage’s provider, and at AT_BLOBS_SPACES_ENDPOINT.',
  ),
  STORAGE_TIMEOUT: failure(
    'storage',
    'postponed',
    'The storage is too slow.',
    'Look at the status of the storage’s provider.',
  ),
  STORAGE_REFUSED: failure(
    'storage',
    'automatic',
    'The storage refused the file.',
    'Look in the log for the answer of the storage.',
  ),
  STORAGE_MISCONFIGURED: failure(
    'setup',
    'postponed',
    'The storage is not set up as Oven needs it.',
    'Correct AT_BLOBS_SPACES_*: the name of the bucket, its keys, what the keys may do, or the rights of the folder.',
  ),
  STORAGE_FULL: failure('storage', 'postponed', 'The storage is full.', 'Make room in the folder.'),
  STORAGE_CONFLICT: failure(
    'storage',
    'automatic',
    'The same file is being stored by another bake.',
    'Nothing: the later bake stores its files.',
  ),
  SLUG_TAKEN: failure(
    'caller',
    'never',
    'The files of this slug belong to another tape.',
    'Remove the other tape with `oven purge`, or give this one another slug.',
  ),

  // Why a bake fails: the host, or Oven itself
  DISK_FULL: failure(
    'host',
    'postponed',
    'There is no room left on the disk.',
    'Make room below TEMP_DIR, or raise MIN_FREE_MB so that tapes are refused in time.',
  ),
  TEMP_DIR_UNUSABLE: failure(
    'setup',
    'postponed',
    'The folder for working files (TEMP_DIR) is missing, not writable, or lost a file.',
    'Correct TEMP_DIR or its rights.',
  ),
  OUTPUT_NOT_WRITABLE: failure(
    'setup',
    'postponed',
    'The folder for the finished files can not be made or written to.',
    'Correct TEMP_DIR or its rights; on the command line, `--out`.',
  ),
  FFMPEG_MISSING: failure(
    'setup',
    'postponed',
    'ffmpeg is not installed, or not on the PATH.',
    'Install ffmpeg 5.1 or newer.',
  ),
  FFMPEG_BROKEN: failure(
    'host',
    'postponed',
    'The encoder of this host fails on every tape.',
    'Look in the log for the encoder’s last lines; install ffmpeg anew.',
  ),
  FFMPEG_FAILED: failure(
    'host',
    'automatic',
    'The encoder failed, as a rule for want of memory.',
    'Look in the log for the encoder’s last lines; lower CONCURRENCY where memory is short.',
  ),
  FFMPEG_STALLED: failure(
    'host',
    'automatic',
    'The encoder made no progress for too long.',
    'Look at the load of the host; lower CONCURRENCY.',
  ),
  BAKE_TIMEOUT: failure(
    'host',
    'manual',
    'The bake took longer than it may.',
    'Look at the load of the host; raise BAKE_TIMEOUT_SECONDS for large tapes, then `oven retry`.',
  ),
  BAKE_ABORTED: failure('host', 'automatic', 'The bake was stopped.', 'Nothing.'),
  MACHINE_BUSY: failure(
    'host',
    'postponed',
    'The host has too little memory, or too many processes or open files.',
    'Lower CONCURRENCY, or take a larger host.',
  ),
  WORKER_LOST: failure(
    'host',
    'manual',
    'The machine that baked this tape was lost too many times.',
    'Look in the log for what ended the service (memory, as a rule), then `oven retry`.',
  ),
  CANCELLED: failure(
    'caller',
    'manual',
    'The bake was cancelled.',
    'Nothing; `oven retry` bakes the tape after all.',
  ),
  VERIFY_FAILED: failure(
    'bug',
    'never',
    'The finished file is not the file that was planned.',
    'Report the tape and the version of ffmpeg; go back to the ffmpeg or the release of before.',
  ),
  INTERNAL: {
    fault: 'bug',
    retry: 'never',
    status: 500,
    message: 'Something went wrong inside Oven.',
    action: 'Look in the log for the job id or the request id, and report what it says.',
  },

  // Why a request is refused
  INVALID_JSON: refusal('caller', 400, 'The body is not JSON.', 'Correct the caller.'),
  INVALID_REQUEST: refusal(
    'caller',
    400,
    'Something in the request is not as it should be; `fields` says what.',
    'Correct the caller.',
  ),
  UNAUTHORIZED: refusal(
    'caller',
    401,
    'The secret is missing, or is not one that Oven accepts.',
    'Compare the caller’s secret with CALLBACK_SECRET.',
  ),
  ORIGIN_NOT_ALLOWED: refusal(
    'caller',
    403,
    'Oven does not talk to the origin of a URL; `fields` says which.',
    'Add the origin to ALLOWED_SOURCES or ALLOWED_CALLBACKS if it is yours.',
  ),
  NOT_FOUND: refusal('caller', 404, 'There is nothing at this address.', 'Correct the caller.'),
  JOB_NOT_FOUND: refusal(
    'caller',
    404,
    'There is no such job, or none any more.',
    'Nothing: jobs leave the history after a while.',
  ),
  METHOD_NOT_ALLOWED: refusal(
    'caller',
    405,
    'This address does not take this method; the header Allow says which it takes.',
    'Correct the caller.',
  ),
  BAKE_RUNNING: refusal(
    'caller',
    409,
    'The same tape waits or is being baked; it can be baked again after that.',
    'Wait, or cancel the job first.',
  ),
  JOB_UNFINISHED: refusal('caller', 409, 'The job has not ended yet.', 'Wait.'),
  JOB_FINISHED: refusal('caller', 409, 'The job has ended already.', 'Nothing.'),
  BODY_TOO_LARGE: refusal('caller', 413, 'The body is larger than 64 KiB.', 'Send less `metadata`.'),
  REQUEST_BROKEN: refusal(
    'caller',
    400,
    'The body broke off, or is not framed as HTTP says.',
    'Send the request again.',
  ),
  REQUEST_TIMEOUT: refusal('caller', 408, 'The body came too slowly.', 'Send the request again.'),
  WRONG_HOST: refusal(
    'caller',
    421,
    'This server is not the host that the request names.',
    'Correct the address; `pulumi config get domain` is the right one.',
  ),
  UNSUPPORTED_MEDIA_TYPE: refusal(
    'caller',
    415,
    'The body must come as application/json.',
    'Correct the caller.',
  ),
  TOO_MANY_TRIES: refusal(
    'caller',
    429,
    'Too many wrong secrets came from this address. Retry-After says when to try again.',
    'Wait; the secret is one of CALLBACK_SECRET.',
  ),
  TOO_MANY_PAGES: refusal(
    'caller',
    429,
    'This address has as many pages open as one may have.',
    'Close some pages of the dashboard.',
  ),
  PAGES_FULL: refusal(
    'host',
    503,
    'As many pages are open as get live news. The page shows its tapes, and tries again.',
    'Close some pages of the dashboard.',
  ),
  QUEUE_FULL: refusal(
    'queue',
    429,
    'As many tapes wait as may. Retry-After says when to ask again.',
    'Nothing if it passes; else raise CONCURRENCY, MAX_QUEUED, or the size of the host.',
  ),
  DRAINING: refusal(
    'host',
    503,
    'Oven takes no tapes just now, since it is about to be worked on.',
    'End the drain with `oven drain --off`.',
  ),
  DISK: refusal(
    'host',
    503,
    'There is too little room on the disk.',
    'Make room below TEMP_DIR, or lower MIN_FREE_MB.',
  ),
  QUEUE_UNREACHABLE: {
    fault: 'queue',
    retry: 'postponed',
    status: 503,
    message: 'The queue can not be reached.',
    action: 'Look at Redis (`systemctl status redis-server`) and at REDIS_URL.',
  },
  STORAGE_FAILED: refusal(
    'storage',
    503,
    'The storage did not do what it was asked for.',
    'Look in the log for the answer of the storage, then ask again.',
  ),
  UNAVAILABLE: refusal(
    'host',
    503,
    'Oven can not be reached for the moment: the proxy before it says so.',
    'Look at the service (`systemctl status oven`) and at its log.',
  ),
  TAPE_BUSY: refusal(
    'queue',
    503,
    'The tape is still being baked, and is told to stop: ask again.',
    'Ask again.',
  ),

  // What /health says of Redis
  REDIS: condition(
    'queue',
    'Redis takes no writes.',
    'Look at Redis (`systemctl status redis-server`), at its disk, and at REDIS_URL.',
  ),
  QUEUE_NEWER: condition(
    'setup',
    'The queue has jobs of a release that is newer by more than one version of their data.',
    'Start that release, or one that is not older by more than one. If it is known that no such job is left: `redis-cli DEL oven:version`.',
  ),
  REDIS_READ_ONLY: condition(
    'queue',
    'Redis is read-only: it is the replica of another one.',
    'Make it the primary (`redis-cli REPLICAOF NO ONE`), or let the name in REDIS_URL lead to the primary. Oven connects anew by itself.',
  ),
  REDIS_FULL: condition(
    'queue',
    'Redis is full: its memory or its disk has no room left.',
    'Raise its `maxmemory`, make room on its disk, or take a larger host for it.',
  ),
  REDIS_PASSWORD: condition(
    'setup',
    'Redis refuses the user or the password, or what they may do.',
    'Compare user and password in REDIS_URL (percent-encoded) with those of Redis (`ACL LIST`, `requirepass`).',
  ),
  REDIS_TLS: condition(
    'setup',
    'The connection to Redis can not be encrypted, or its certificate is not trusted.',
    'Compare REDIS_URL (rediss:// is TLS, redis:// is not; the name must be in the certificate) and REDIS_CA with the certificate of Redis.',
  ),
} as const satisfies Record<string, Row>;

type Errors = typeof ERRORS;
export type ErrorCode = keyof Errors;
/** Why a bake failed. */
export type FailureCode = { [C in ErrorCode]: Errors[C] extends { retry: Retry } ? C : never }[ErrorCode];
/** Why a request is refused. */
export type ApiCode = { [C in ErrorCode]: Errors[C] extends { status: number } ? C : never }[ErrorCode];

/** Those of a fault of the tape, of its source, of the storage, of the queue, and of the bake itself. */
export type TapeCode = { [C in FailureCode]: Errors[C]['fault'] extends 'tape' ? C : never }[FailureCode];
export type SourceCode = Extract<FailureCode, `SOURCE_${string}`>;
export type StorageCode = Extract<FailureCode, `STORAGE_${string}` | 'SLUG_TAKEN'>;
export type RedisCode = Extract<ErrorCode, 'REDIS' | `REDIS_${string}`>;
type QueueCode = 'CANCELLED' | 'WORKER_LOST' | 'QUEUE_UNREACHABLE' | 'INTERNAL';
export type BakeCode = Exclude<FailureCode, SourceCode | StorageCode | QueueCode>;

const codes = Object.keys(ERRORS) as ErrorCode[];
export const FAILURE_CODES = codes.filter((code): code is FailureCode => 'retry' in ERRORS[code]);
export const CONDITION_CODES = codes.filter((code) => !('retry' in ERRORS[code] || 'status' in ERRORS[code]));
export const API_CODES = codes.filter((code): code is ApiCode => 'status' in ERRORS[code]);

/**
 * The one error that a bake throws on purpose, from the source to the storage. Its `message` is public: it names entries
 * of the tape and hosts, never a path of the machine, a query of a URL or a secret; `cause` may hold those. Any other
 * error is a bug.
 */
export class OvenError<C extends FailureCode = FailureCode> extends Error {
  override readonly name: string = 'OvenError';
  readonly code: C;

  /** Without a message, the table's. */
  constructor(code: C, message: string = ERRORS[code].message, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** Whether the same tape may bake later. */
  get retryable(): boolean {
    return ERRORS[this.code].retry !== 'never';
  }
}

/** The code of a thrown value; INTERNAL for a bug. */
export function failureCodeOf(error: unknown): FailureCode {
  return error instanceof OvenError ? error.code : 'INTERNAL';
}

/** Whether a code is of one host and not of what all hosts of a queue share: Redis, the buckets, the tape's address. */
export function isOfHost(code: string): boolean {
  return !/^(REDIS|QUEUE_|STORAGE_|SOURCE_)/.test(code);
}

/** Whether the step that failed may succeed when it is tried again at once. */
export function isTransient(error: unknown): boolean {
  return error instanceof OvenError && ERRORS[failureCodeOf(error)].retry === 'transient';
}

/** Whether an error stays until an operator acts, or for ever. An error without a code counts as one that may go away. */
export function isPermanent(error: unknown): boolean {
  if (!(error instanceof OvenError)) return false;
  const { fault, retry } = ERRORS[failureCodeOf(error)];
  return fault === 'setup' || retry === 'never';
}

function failure<F extends Fault, R extends Retry>(fault: F, retry: R, message: string, action: string) {
  return { fault, retry, message, action } as const;
}

function refusal<F extends Fault, S extends number>(fault: F, status: S, message: string, action: string) {
  return { fault, status, message, action } as const;
}

/** Something that lasts and concerns no single tape or request. */
function condition<F extends Fault>(fault: F, message: string, action: string) {
  return { fault, message, action } as const;
}
