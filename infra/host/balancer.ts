/** The health check of a load balancer. DigitalOcean takes 3 s and 2 times at the least. */
export const HEALTH_CHECK = { intervalSeconds: 5, timeoutSeconds: 3, times: 2 } as const;

/** The host's own knowledge of its load balancer: how long it waits when it leaves and when it returns, with a reserve of some seconds. */
export function renderBalancer(): string {
  const { intervalSeconds, timeoutSeconds, times } = HEALTH_CHECK;
  return `NOTICE_SECONDS=${times * (intervalSeconds + timeoutSeconds) + 4}
`;
}
