import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, type RequestListener } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Namespace } from './namespace.ts';

export interface SocketRequest {
  readonly id: number;
  readonly kind: 'connect' | 'listen';
  readonly host: string;
  readonly port: number;
}

interface SocketAnswer {
  readonly id: number;
  readonly error?: string;
}

/** Sockets of a namespace for the process that runs the tests, which itself stays outside. */
export interface Sockets {
  connect(host: string, port: number): Promise<Socket>;
  /** Serves HTTP on an address of the namespace; gives how to end it. */
  serve(host: string, port: number, handler: RequestListener): Promise<() => Promise<void>>;
  /** For http.request, fetch-like clients and the AWS SDK: connections are made in the namespace. */
  readonly agent: Agent;
  close(): Promise<void>;
}

/** Starts a small process in the namespace that opens sockets for this one. */
export function openSockets(namespace: Namespace): Sockets {
  const child = fork(new URL('./socket-helper.ts', import.meta.url), {
    execPath: 'ip',
    execArgv: ['netns', 'exec', namespace.name, process.execPath],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const ask = asker(child);
  const connect = async (host: string, port: number) => (await ask('connect', host, port)) as Socket;
  const agent = new AgentIn(connect);
  return {
    connect,
    agent,
    serve: async (host, port, handler) => {
      const listener = (await ask('listen', host, port)) as Server;
      const server = createServer(handler);
      listener.on('connection', (socket) => server.emit('connection', socket));
      return async () => {
        listener.close();
        server.closeAllConnections();
      };
    },
    close: async () => {
      agent.destroy();
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

class AgentIn extends Agent {
  readonly #connect: (host: string, port: number) => Promise<Socket>;

  constructor(connect: (host: string, port: number) => Promise<Socket>) {
    super({ keepAlive: true });
    this.#connect = connect;
  }

  override createConnection(
    { host, port }: { host?: string | null; port?: number | string | null },
    done?: (error: Error | null, socket: Socket) => void,
  ): undefined {
    this.#connect(host ?? '127.0.0.1', Number(port ?? 80)).then(
      (socket) => done?.(null, socket),
      (error: Error) => done?.(error, undefined as unknown as Socket),
    );
  }
}

function asker(child: ChildProcess) {
  const waiting = new Map<number, (answer: SocketAnswer, handle: unknown) => void>();
  let count = 0;
  child.on('message', (answer: SocketAnswer, handle) => waiting.get(answer.id)?.(answer, handle));
  child.on('exit', () => {
    for (const [id, settle] of waiting) settle({ id, error: 'the helper ended' }, undefined);
  });
  return (kind: SocketRequest['kind'], host: string, port: number): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = count++;
      waiting.set(id, ({ error }, handle) => {
        waiting.delete(id);
        if (error !== undefined)
          reject(Object.assign(new Error(`${kind} ${host}:${port}: ${error}`), { code: error }));
        else if (handle == null) reject(new Error(`${kind} ${host}:${port}: the socket closed on the way`));
        else resolve(handle);
      });
      child.send({ id, kind, host, port } satisfies SocketRequest, (error) => {
        if (error) waiting.get(id)?.({ id, error: error.message }, undefined);
      });
    });
}
