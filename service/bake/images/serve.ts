import type { ImageRequest, Reply } from './messages.ts';
import { handleImageRequest } from './render.ts';

/*
 * Answers one question after the other over Node's channel to its parent, and ends with it.
 */

/** Bytes of memory at which it gives up, rather than take what the machine's other bakes need. */
const MEMORY_MOST = Number(process.argv[2]);
const LOOK_EVERY_MS = 50;

process.on('message', async (question: ImageRequest) => send(await handleImageRequest(question)));
// Nobody is there to be answered, and work that has begun would be waited for.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
setInterval(() => {
  if (process.memoryUsage.rss() <= MEMORY_MOST) return;
  send({ kind: 'fault', blame: 'memory', message: 'It needed too much memory.' });
}, LOOK_EVERY_MS).unref();

function send(reply: Reply): void {
  process.send!(reply);
}
