/** Tells the other hosts of the queue, every few seconds, that this one lives and how it is. */
import { HEARTBEAT_MS, type HostReport } from '../queue/hosts.ts';

export interface HeartbeatOptions {
  /** May throw; the next beat tries again. */
  readonly report: () => Promise<HostReport>;
  readonly write: (report: HostReport) => Promise<void>;
  readonly everyMs?: number;
}

/** Beats at once, then a while after the end of each beat. */
export function startHeartbeat({ report, write, everyMs = HEARTBEAT_MS }: HeartbeatOptions) {
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const beat = async () => {
    await report()
      .then((found) => (isClosed ? undefined : write(found)))
      .catch(() => {}); // the health checks report a Redis that is away
    if (!isClosed) timer = setTimeout(beat, everyMs).unref();
  };
  void beat();
  return {
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
