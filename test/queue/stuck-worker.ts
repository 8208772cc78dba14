import { startWorkers } from '../../service/worker/workers.ts';

// Workers that take a job, print its id, and never end it.
const [url = '', prefix = ''] = process.argv.slice(2);
await startWorkers({
  redis: { url },
  prefix,
  concurrency: 1,
  lockMs: 1000,
  stalledCheckMs: 100,
  bake: (_request, { jobId }) => {
    console.log(jobId);
    return new Promise(() => {});
  },
  deliver: () => new Promise(() => {}),
});
