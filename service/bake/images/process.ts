import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { killGroup, lowerPriority } from '../../lib/child-processes.ts';
import { BakeError, frameCorrupt } from '../errors.ts';
import type { AnimationCodec, StillCodec } from '../outputs.ts';

/**
 * A request to the image process. Its pictures are ordinary PNGs; `convert` makes one of any other PNG. What it makes goes into files, so
 * that neither process has to hold it.
 */
export type ImageRequest =
  | { readonly ask: 'convert'; readonly png: Buffer }
  | {
      readonly ask: 'still';
      readonly png: Buffer;
      readonly frame: Size;
      readonly side: number;
      readonly codec: StillCodec;
      readonly output: string;
    }
  /** Writes one page of an animation to the file `output`, as a PNG. */
  | { readonly ask: 'page'; readonly png: Buffer; readonly size: PageSize; readonly output: string }
  /** Writes the pages in these files to the file `output`. Each page is shown for its delay, in ms. */
  | {
      readonly ask: 'animation';
      readonly codec: AnimationCodec;
      readonly pages: readonly string[];
      readonly delays: readonly number[];
      readonly output: string;
    };

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Size of an animation's page. An enlarged page has at least the tape's own pixels, and their edges stay hard. */
export interface PageSize extends Size {
  readonly enlarged: boolean;
}

/** The response to each kind of request. */
export interface ImageResponses {
  /** An ordinary PNG, 8-bit RGBA. */
  readonly convert: Buffer;
  readonly still: Size & { readonly bytes: number; readonly thumbHash: string };
  readonly page: null;
  /** Bytes of the file. */
  readonly animation: number;
}

type ImageResponse = ImageResponses[keyof ImageResponses];

/** The cause of a failed request: the picture, a full disk, a folder that takes no files, this machine's memory, or a bug of Oven. */
export type ImageFault = 'picture' | 'disk' | 'folder' | 'memory' | 'bug';

/** What the image process sends back. */
export type ImageReply =
  | { readonly kind: 'response'; readonly response: ImageResponse }
  | { readonly kind: 'fault'; readonly fault: ImageFault; readonly message: string };

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
/** Bytes of memory at most, of which 60 MiB are Node's own program. Only a bug needs more: the largest animation and the largest thumbnail take two thirds. */
const MAX_MEMORY_BYTES = 352 * 1024 * 1024;
/** MB of JavaScript's own heap. Pictures lie outside of it. */
const HEAP_MB = 64;
/** glibc would give each thread an arena of its own, which keeps memory that is free. */
const ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };
/** Milliseconds that a response may take. The signal alone bounds an animation's. */
const RESPONSE_MS = 60_000;

/**
 * The process in which sharp works. Its environment has nothing of the service's, so no secrets. It leads a process group of its own, so that it can be
 * killed in the middle of its work. It starts with the first request, or earlier by `start`.
 */
export class ImageProcess {
  readonly #niceness: number;
  #child: ChildProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** `niceness` is how far the process stands back behind others for the processor: 0 to 19, as `nice` counts. */
  constructor(niceness: number) {
    this.#niceness = niceness;
  }

  /** Starts the process without waiting: it takes a tenth of a second, as the start of the encoder does. */
  start(): void {
    this.#child ??= startChild(this.#niceness);
  }

  /**
   * Sends a request after all earlier ones have ended. Aborting the signal kills the process. Throws FRAME_CORRUPT, DISK_FULL,
   * MACHINE_BUSY, the signal's reason, or a plain Error for a bug.
   */
  request<Q extends ImageRequest>(request: Q, signal: AbortSignal): Promise<ImageResponses[Q['ask']]> {
    const response = this.#turn.then(() => this.#request(request, signal));
    this.#turn = response.catch(() => {});
    return response as Promise<ImageResponses[Q['ask']]>;
  }

  async #request(request: ImageRequest, signal: AbortSignal): Promise<ImageResponse> {
    signal.throwIfAborted();
    this.start();
    const stop =
      request.ask === 'animation' ? signal : AbortSignal.any([signal, AbortSignal.timeout(RESPONSE_MS)]);
    const reply = await send(this.#child!, request, stop).catch(async (cause) => {
      await this.stop();
      signal.throwIfAborted();
      throw new BakeError('MACHINE_BUSY', 'The process for pictures ended, took too long, or broke.', {
        cause,
      });
    });
    if (reply.kind === 'response') return reply.response;
    if (reply.fault === 'memory') await this.stop();
    throw FAULTS[reply.fault](new Error(reply.message));
  }

  /** Kills the process, and waits for its end. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    killGroup(child.pid);
    await ended;
  }
}

const FAULTS: Readonly<Record<ImageFault, (cause: Error) => Error>> = {
  picture: frameCorrupt,
  disk: (cause) =>
    new BakeError('DISK_FULL', 'There is no room left on the disk for the pictures.', { cause }),
  folder: (cause) => new BakeError('TEMP_DIR_UNUSABLE', undefined, { cause }),
  memory: (cause) => new BakeError('MACHINE_BUSY', 'There is too little memory for the pictures.', { cause }),
  bug: (cause) => cause,
};

function startChild(niceness: number): ChildProcess {
  const child = fork(MAIN, [`${MAX_MEMORY_BYTES}`], {
    execArgv: [`--max-old-space-size=${HEAP_MB}`],
    env: ENVIRONMENT,
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // `send` reports the error to the caller; the channel closes with the process.
  child.on('error', () => {});
  child.on('spawn', () => lowerPriority(child.pid!, niceness));
  return child;
}

/** Sends a request, and waits for the reply, the end of the process, or the signal. */
function send(child: ChildProcess, request: ImageRequest, signal: AbortSignal): Promise<ImageReply> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      child.off('message', replied).off('exit', ended).off('error', reject);
      signal.removeEventListener('abort', aborted);
      settle();
    };
    const replied = (reply: unknown) =>
      done(() => {
        if (isReply(reply)) resolve(reply);
        else reject(new Error('The process for pictures sent something else than a reply.'));
      });
    const ended = (code: number | null, by: string | null) =>
      done(() => reject(new Error(`The process for pictures ended with ${by ?? code}.`)));
    const aborted = () => done(() => reject(signal.reason));
    child.on('message', replied).on('exit', ended).on('error', reject);
    signal.addEventListener('abort', aborted);
    if (signal.aborted) return aborted();
    if (!child.connected) return done(() => reject(new Error('The process for pictures has ended.')));
    child.send(request, (error) => error && done(() => reject(error)));
  });
}

function isReply(message: unknown): message is ImageReply {
  const { kind, fault } = Object(message) as { kind?: unknown; fault?: unknown };
  return kind === 'response' || (kind === 'fault' && Object.hasOwn(FAULTS, String(fault)));
}

/** Runs `work` with an image process that ends with it. */
export async function withImageProcess<T>(
  niceness: number,
  work: (images: ImageProcess) => Promise<T>,
): Promise<T> {
  const images = new ImageProcess(niceness);
  try {
    return await work(images);
  } finally {
    await images.stop();
  }
}
