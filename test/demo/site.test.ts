import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSite, type Site } from '../../scripts/demo/site.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite({});
});
afterAll(() => site.close());

/** Calls the site back as Oven does, signed with `secret`. */
async function call(secret: string, body: object): Promise<number> {
  const [text, now] = [JSON.stringify(body), new Date()];
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': `${Math.floor(now.getTime() / 1000)}`,
    'webhook-signature': new Webhook(secret).sign('msg_1', now, text),
  };
  return (await fetch(`${site.url}/done`, { method: 'POST', body: text, headers })).status;
}

test('The demo’s site accepts only a callback that Oven signed', async () => {
  const { secret } = site;
  const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  expect(await call(other, { slug: 'a', secret })).toBe(401);
  expect(await call(secret, { slug: 'a', secret: other })).toBe(401);
  expect((await fetch(`${site.url}/done`, { method: 'POST', body: '{}' })).status).toBe(401);
  expect(site.counts).toEqual({ verified: 0, refused: 3 });
  expect(await call(secret, { slug: 'a', secret })).toBe(204);
  expect((await site.called('a')).slug).toBe('a');
  expect(site.counts.verified).toBe(1);
});
