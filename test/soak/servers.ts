import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { freePort } from '../rig/port.ts';

/** A server that can be taken away: `down` refuses connections, `full` answers 503. */
export interface Switchable {
  readonly url: string;
  set(state: 'up' | 'down' | 'full'): Promise<void>;
}

/** Starts a server on loopback, always on the same port. */
export async function startSwitchable(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<Switchable> {
  const port = await freePort();
  let server: Server | undefined;
  const stop = async () => {
    const ending = server;
    server = undefined;
    ending?.closeAllConnections();
    if (ending) await new Promise((resolve) => ending.close(resolve));
  };
  const listen = async (listener: RequestListener) => {
    await stop();
    server = createServer(listener);
    await new Promise<void>((resolve) => server!.listen(port, '127.0.0.1', resolve));
  };
  const switchable: Switchable = {
    url: `http://127.0.0.1:${port}`,
    set: (state) => {
      if (state === 'down') return stop();
      return listen(state === 'up' ? answer : (_request, response) => void response.writeHead(503).end());
    },
  };
  await switchable.set('up');
  return switchable;
}
