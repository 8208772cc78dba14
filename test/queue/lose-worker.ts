import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('stuck-worker.ts', import.meta.url));

/** Starts workers in another process that never end a job, kills the process once it has taken one, and returns the id of that job. */
export async function loseWorker(redisUrl: string, prefix: string): Promise<string> {
  const worker = spawn(process.execPath, [PROGRAM, redisUrl, prefix], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(worker, 'exit');
  try {
    let taken = '';
    for await (const chunk of worker.stdout.setEncoding('utf8')) {
      taken += chunk;
      if (taken.includes('\n')) break;
    }
    return taken.trim();
  } finally {
    worker.kill('SIGKILL');
    await exit;
  }
}
