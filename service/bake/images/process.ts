import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { lowerPriority } from '../../lib/priority.ts';
import { BakeError, frameCorrupt } from '../errors.ts';
import type { ImageFault, ImageRequest, ImageResponses, Reply } from './messages.ts';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
/** Bytes that it may take, which only a bug can need: the longest preview of the largest pictures, all noise, takes about half. */
const MEMORY_MOST = 1024 * 1024 * 1024;
/** MB of JavaScript's own: pictures lie outside of it. */
const HEAP_MB = 64;
/** Milliseconds that one answer may take, but for an animation's, which the signal bounds: it hangs, or the machine does. */
const ANSWER_MS = 60_000;

export interface ImagesOptions {
  /** Aborting it kills the process, whatever it does. */
  readonly signal: AbortSignal;
  /** How far it stands back behind others for the processor: 0 to 19, as `nice` counts. */
  readonly niceness: number;
}

/**
 * The process in which sharp works: with no environment, so no secrets, and leading a group of its own, so that it can be
 * killed whatever it does. It starts with the first question, or before, by `start`.
 */
export class ImageProcess {
  readonly #options: ImagesOptions;
  #child: ChildProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ImagesOptions) {
    this.#options = options;
  }

  /** Starts it without waiting: it takes a tenth of a second, as the encoder's start does. */
  start(): void {
    this.#child ??= startChild(this.#options.niceness);
  }

  /** Asks, in turn. Throws FRAME_CORRUPT, DISK_FULL, MACHINE_BUSY, the signal's reason, or a plain Error that is a bug's. */
  request<Q extends ImageRequest>(question: Q): Promise<ImageResponses[Q['ask']]> {
    const answered = this.#turn.then(() => this.#ask(question));
    this.#turn = answered.catch(() => {});
    return answered as Promise<ImageResponses[Q['ask']]>;
  }

  async #ask(question: ImageRequest): Promise<ImageResponses[keyof ImageResponses]> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    this.start();
    const stalled = question.ask === 'animation' ? [] : [AbortSignal.timeout(ANSWER_MS)];
    const reply = await replyOf(this.#child!, question, AbortSignal.any([signal, ...stalled])).catch(
      async (cause) => {
        await this.stop();
        signal.throwIfAborted();
        const message = 'The process for pictures ended, or took too long.';
        throw new BakeError('MACHINE_BUSY', message, { cause });
      },
    );
    if (reply.kind === 'answer') return reply.handleImageRequest;
    if (reply.blame === 'memory') await this.stop();
    throw faults[reply.blame](new Error(reply.message));
  }

  /** Ends it, and waits for that. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself, and nobody has heard of it yet.
    }
    await ended;
  }
}

const faults: Readonly<Record<ImageFault, (cause: Error) => Error>> = {
  picture: frameCorrupt,
  disk: (cause) =>
    new BakeError('DISK_FULL', 'There is no room left on the disk for the animation.', { cause }),
  memory: (cause) => new BakeError('MACHINE_BUSY', 'There is too little memory for the pictures.', { cause }),
  oven: (cause) => cause,
};

function startChild(niceness: number): ChildProcess {
  const child = fork(MAIN, [`${MEMORY_MOST}`], {
    execArgv: [`--max-old-space-size=${HEAP_MB}`],
    env: {},
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // Whoever waits for an answer hears of it; the channel closes with the process.
  child.on('error', () => {});
  child.on('spawn', () => lowerPriority(child.pid!, niceness));
  return child;
}

/** Sends a question, and waits for its reply, the end of the process, or the signal. */
function replyOf(child: ChildProcess, question: ImageRequest, signal: AbortSignal): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      child.off('message', answered).off('exit', ended).off('error', reject);
      signal.removeEventListener('abort', aborted);
      settle();
    };
    const answered = (reply: unknown) => done(() => resolve(reply as Reply));
    const ended = (code: number | null, how: string | null) =>
      done(() => reject(new Error(`The process for pictures ended with ${how ?? code}.`)));
    const aborted = () => done(() => reject(signal.reason));
    child.on('message', answered).on('exit', ended).on('error', reject);
    signal.addEventListener('abort', aborted);
    if (signal.aborted) return aborted();
    if (!child.connected) return done(() => reject(new Error('The process for pictures has ended.')));
    child.send(question, (error) => error && done(() => reject(error)));
  });
}
