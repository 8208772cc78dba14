import { createHmac } from 'node:crypto';

export interface SignOptions {
  /** Each signs, as Oven does while a secret is being replaced. */
  readonly secrets: readonly string[];
  readonly id: string;
  /** In seconds since 1970. */
  readonly timestamp?: number;
}

/** Signs a callback as DESIGN says that Oven does, independently of what verifies it. */
export function signed(body: string, options: SignOptions): Record<string, string> {
  const { secrets, id, timestamp = Math.floor(Date.now() / 1000) } = options;
  const signatures = secrets.map((secret) => {
    const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}
