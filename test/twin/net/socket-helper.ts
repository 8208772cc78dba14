/**
 * Run inside a network namespace by sockets.ts: opens sockets there, and hands them to the process outside. A socket
 * stays in its namespace, whichever process uses it.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { SocketRequest } from './sockets.ts';

process.on('message', ({ id, kind, host, port }: SocketRequest) => {
  const refuse = (error: NodeJS.ErrnoException) => process.send!({ id, error: error.code ?? error.message });
  if (kind === 'connect') {
    const socket = createConnection({ host, port });
    socket.pause();
    socket.once('error', refuse);
    socket.once('connect', () => hand(id, socket));
  } else {
    const server = createServer();
    server.once('error', refuse);
    // Ours must not take connections that are meant for the other process.
    server.listen({ host, port }, () => hand(id, server, () => server.close()));
  }
});
process.on('disconnect', () => process.exit(0));

function hand(id: number, handle: Socket | Server, then = () => {}): void {
  process.send!({ id }, handle, {}, then);
}
