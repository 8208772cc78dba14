import { AtpAgent } from '@atproto/api';
import type { Account } from './accounts.ts';
import { PdsError, pdsError } from './errors.ts';
import { beforeAbort, holdingFetch } from './fetch.ts';

/** Runs calls as an account. Throws PdsError. */
export type AsAccount = <T>(
  account: Account,
  call: (agent: AtpAgent) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

/**
 * Logs in when first needed, and keeps the session while the function stays warm, since a PDS counts logins. A session
 * that has expired is renewed by the client library; one that can't be is replaced by a new login, once.
 */
export function openSessions(service: URL): AsAccount {
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
        return await beforeAbort(call(agent), signal);
      } catch (error) {
        const fault = pdsError(error);
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
    holdingFetch(input, {
      ...init,
      signal: AbortSignal.any([signal, ...(init?.signal ? [init.signal] : [])]),
    });
  const agent = new AtpAgent({ service, fetch: limited });
  await agent.login({ ...account });
  agent.sessionManager.setFetch(holdingFetch);
  if (agent.session?.active === false)
    throw new PdsError('PDS_LOGIN', 'The account at the PDS is not active.');
  return agent;
}
