import { type ServiceProcess, startServiceProcess } from '../rig/service-process.ts';

const PRELOAD = new URL('preload.ts', import.meta.url).href;

/** The real service in a process of its own, for many starts and kills. */
export interface ServiceRig {
  /** Its URL since the last start. */
  readonly url: () => string;
  start(): Promise<void>;
  /** Kills the process with its children by SIGKILL. */
  kill(): Promise<void>;
  /** Sends SIGTERM, and returns the exit code. */
  end(): Promise<number | null>;
  /** The last lines of its log. */
  readonly log: () => readonly string[];
}

export function serviceRig(env: NodeJS.ProcessEnv): ServiceRig {
  let running: ServiceProcess | undefined;
  let url = '';
  const lines: string[] = [];

  const stop = async (signal: 'SIGKILL' | 'SIGTERM') => {
    const ending = running;
    running = undefined;
    return (await ending?.stop(signal)) ?? null;
  };
  return {
    url: () => url,
    log: () => lines.slice(-40),
    kill: async () => void (await stop('SIGKILL')),
    end: () => stop('SIGTERM'),
    start: async () => {
      const listening = Promise.withResolvers<string>();
      const read = (line: string) => {
        lines.push(line);
        if (lines.length > 400) lines.shift();
        const said = line.includes('"msg":"listening"') && (JSON.parse(line) as { url: string });
        if (said) listening.resolve(said.url);
      };
      running = startServiceProcess(env, read, [PRELOAD]);
      void running.ended.then(() => listening.reject(new Error(`The service ended:\n${lines.join('\n')}`)));
      url = await listening.promise;
    },
  };
}
