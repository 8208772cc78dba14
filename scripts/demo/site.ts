import { randomBytes } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Webhook } from 'standardwebhooks';

/** A callback, with the fields that the demo needs. */
export interface Done {
  readonly mongoId: string;
  readonly slug: string;
  readonly secret: string;
  readonly mp4Url?: string;
  readonly thumbnailUrl?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** A stand-in for aesthetic.computer: it serves tapes and receives callbacks. */
export interface Site {
  /** Without a slash at its end. */
  readonly url: string;
  /** The secret of requests and callbacks. */
  readonly secret: string;
  /** The body of POST /bake for one of `tapes`. */
  request(tape: string, slug: string): Record<string, unknown>;
  /** Resolves with the first callback of a slug that has a valid signature. */
  called(slug: string): Promise<Done>;
  /** Numbers of valid and invalid callbacks. */
  readonly counts: { verified: number; refused: number };
  close(): Promise<void>;
}

/** Opens the site on a port that the system chooses. `tapes` maps names to files. */
export async function openSite(tapes: Readonly<Record<string, string>>): Promise<Site> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const webhook = new Webhook(secret);
  const waiting = new Map<string, PromiseWithResolvers<Done>>();
  const called = (slug: string) => {
    const one = waiting.get(slug) ?? Promise.withResolvers<Done>();
    waiting.set(slug, one);
    return one;
  };
  const counts = { verified: 0, refused: 0 };
  const app = new Hono();
  app.get('/tapes/:tape/:zip', async (c) => {
    const file = tapes[c.req.param('tape')];
    if (file === undefined) return c.notFound();
    const blob = await openAsBlob(file);
    return c.body(blob.stream(), 200, {
      'Content-Type': 'application/zip',
      'Content-Length': `${blob.size}`,
    });
  });
  app.post('/done', async (c) => {
    let done: Done;
    try {
      done = webhook.verify(await c.req.text(), c.req.header()) as Done; // throws for an invalid signature
      if (done.secret !== secret) throw new Error('not the secret');
    } catch {
      counts.refused += 1;
      return c.text('refused', 401);
    }
    counts.verified += 1;
    called(done.slug).resolve(done);
    return c.body(null, 204);
  });
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    secret,
    counts,
    request: (tape, slug) => ({
      mongoId: `mongo-${slug}`,
      slug,
      metadata: { piece: tape },
      zipUrl: `${url}/tapes/${tape}/${slug}.zip`,
      callbackUrl: `${url}/done`,
      callbackSecret: secret,
    }),
    called: (slug) => called(slug).promise,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
