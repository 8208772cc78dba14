import { AtpAgent } from '@atproto/api';
import type { Account } from './accounts.ts';
import { PdsError, toPdsError } from './errors.ts';

/** Runs a call as an account. Throws PdsError. */
export type CallAsAccount = <T>(
  account: Account,
  call: (agent: AtpAgent) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

/**
 * Logs in at the first call and keeps the session while the function stays warm, because a PDS limits logins. The client library renews an
 * expired session. If that fails, a new login replaces it, once.
 */
export function openSessions(service: URL): CallAsAccount {
  const agents = new Map<string, AtpAgent>();
  return async (account, call, signal) => {
    const key = JSON.stringify([account.identifier, account.password]);
    for (let fresh = false; ; ) {
      try {
        signal.throwIfAborted();
        let agent = agents.get(key);
        if (!agent?.hasSession) {
          fresh = true;
          agent = await login(service, account, signal);
          agents.set(key, agent);
        }
        return await untilAborted(call(agent), signal);
      } catch (error) {
        const fault = toPdsError(error);
        if (fault.code !== 'PDS_LOGIN') throw fault;
        agents.delete(key);
        if (fresh) throw fault;
      }
    }
  };
}

async function login(service: URL, account: Account, signal: AbortSignal): Promise<AtpAgent> {
  // The library's login takes no signal; its fetch does.
  const limited: typeof fetch = (input, init) =>
    fetchKeepingRequest(input, {
      ...init,
      signal: AbortSignal.any([signal, ...(init?.signal ? [init.signal] : [])]),
    });
  const agent = new AtpAgent({ service, fetch: limited });
  await agent.login({ ...account });
  agent.sessionManager.setFetch(fetchKeepingRequest);
  if (agent.session?.active === false)
    throw new PdsError('PDS_LOGIN', 'The account at the PDS is not active.');
  return agent;
}

const pendingRequests = new Set<unknown>();
const requestOfResponse = new WeakMap<Response, unknown>();

/**
 * A fetch that keeps its Request as long as the response lives. The client library makes Requests, and Node's garbage collector drops a
 * Request together with its signal: then nothing aborts the call any more.
 */
export const fetchKeepingRequest: typeof fetch = async (input, init) => {
  pendingRequests.add(input);
  try {
    const answer = await fetch(input, init);
    requestOfResponse.set(answer, input);
    return answer;
  } finally {
    pendingRequests.delete(input);
  }
};

/** Waits for `work`, and throws when `signal` aborts first. The library renews sessions without a signal. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let give = () => {};
  const aborted = new Promise<never>((_, reject) => {
    give = () => reject(signal.reason);
    signal.addEventListener('abort', give, { once: true });
    if (signal.aborted) give();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', give);
  }
}
