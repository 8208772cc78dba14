import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

/** The target of the connections, and timeouts in milliseconds. */
export interface ForwardOptions {
  readonly host: string;
  readonly port: number;
  /** How long a connection waits until the target listens. Then it is closed, and Caddy answers 503 with Retry-After. */
  readonly connectTimeoutMs?: number;
  /** How long the response may take to begin. A tunnel's far end may disappear without closing the connection. */
  readonly firstByteTimeoutMs?: number;
}

const BETWEEN_TRIES_MS = 100;
/** How long open connections may take to end when the forwarder stops. */
const CLOSE_MS = 10_000;

/**
 * Forwards whole connections. It reads nothing of a connection before the target accepts it, so a waiting connection loses nothing. systemd's own socket
 * proxy would close it.
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
  // A broken side destroys the other. A side that only ends leaves the other direction open.
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
