import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

/** Where the connections go, and for how long they are borne with, in milliseconds. */
export interface ForwardOptions {
  readonly host: string;
  readonly port: number;
  /** How long a connection waits for somebody to listen there; then it is closed, which Caddy makes a 503 with Retry-After. */
  readonly connectTimeoutMs?: number;
  /** How long an answer may take to begin; the far end of a tunnel may have gone without a word. */
  readonly firstByteTimeoutMs?: number;
}

const BETWEEN_TRIES_MS = 100;
/** How long what is under way may take to end when the forwarder is stopped. */
const CLOSE_MS = 10_000;

/**
 * Passes connections on, whole. None of a connection is read before the other end stands, so one that has to wait loses nothing;
 * a stock socket proxy would close it instead.
 */
export function openForwarder(options: ForwardOptions): Server {
  return createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (caller) => {
    caller.on('error', () => {});
    connectWithRetries(caller, options).then((far) => {
      if (far === undefined) caller.destroy();
      else pipeBothWays(caller, far, options.firstByteTimeoutMs ?? 60_000);
    });
  });
}

async function connectWithRetries(
  caller: Socket,
  { host, port, connectTimeoutMs = 30_000 }: ForwardOptions,
): Promise<Socket | undefined> {
  const end = performance.now() + connectTimeoutMs;
  do {
    const far = connect({ host, port, noDelay: true, allowHalfOpen: true });
    try {
      await once(far, 'connect');
      return far;
    } catch {
      await wait(BETWEEN_TRIES_MS);
    }
  } while (!caller.destroyed && performance.now() < end);
  return undefined;
}

function pipeBothWays(caller: Socket, far: Socket, firstByteTimeoutMs: number): void {
  const silence = setTimeout(() => caller.destroy(), firstByteTimeoutMs);
  const end = () => clearTimeout(silence);
  far.once('data', end);
  // Whichever side breaks takes the other along; one that only ends leaves the answer its way.
  pipeline(caller, far, (error) => void (error && caller.destroy()));
  pipeline(far, caller, (error) => {
    end();
    if (error) far.destroy();
  });
}

if (import.meta.main) {
  const [host = '', port = ''] = (process.argv[2] ?? '').split(':');
  const server = openForwarder({ host, port: Number(port) });
  // systemd's one socket.
  server.listen({ fd: 3 });
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0));
    setTimeout(() => process.exit(0), CLOSE_MS);
  });
}
