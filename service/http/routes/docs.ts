/** `GET /openapi.json`, the API's document, and `GET /docs`, which shows it with Swagger UI. */
import { readFile } from 'node:fs/promises';
import { html } from 'hono/html';
import type { App } from '../middleware.ts';
import { registerWebhooks } from '../webhooks.ts';

export interface DocsRouteOptions {
  readonly release: string;
  /** The service's, without a slash at its end. */
  readonly publicUrl: string;
}

/** The page asks only this service for anything, and runs no script and no style that stands in it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:', // the arrows of Swagger UI's style
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What the page loads from below /docs/. */
const ASSETS = new Map([
  ['swagger-ui.css', { url: import.meta.resolve('swagger-ui-dist/swagger-ui.css'), type: 'text/css' }],
  [
    'swagger-ui-bundle.js',
    { url: import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js'), type: 'text/javascript' },
  ],
  ['start.js', { url: new URL('../docs/start.js', import.meta.url).href, type: 'text/javascript' }],
]);

/**
 * Adds both. The document is made at the first request, when every route is there. Document and assets are kept as they are
 * sent: many requests at once would otherwise each hold a copy.
 */
export function docsRoutes(app: App, options: DocsRouteOptions): void {
  let document: string | undefined;
  const contents = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  app.openAPIRegistry.registerComponent('securitySchemes', 'Bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A secret of CALLBACK_SECRET.',
  });
  registerWebhooks(app);
  app.get('/openapi.json', (c) => {
    document ??= JSON.stringify(openApiDocument(app, options));
    return c.body(document, 200, { 'Content-Type': 'application/json' });
  });
  app.get('/docs', (c) => {
    c.header('Content-Security-Policy', POLICY);
    return c.html(PAGE);
  });
  app.get('/docs/:name', async (c) => {
    const name = c.req.param('name');
    const asset = ASSETS.get(name);
    if (asset === undefined) return c.notFound();
    const content = contents.get(name) ?? readFile(new URL(asset.url));
    contents.set(name, content);
    content.catch(() => contents.delete(name));
    c.header('Content-Type', `${asset.type}; charset=utf-8`);
    c.header('Cache-Control', 'public, max-age=3600');
    return c.body(await content);
  });
}

/** Its addresses are relative, since a proxy may serve Oven below a path. */
const PAGE = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Oven · API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<main id="docs"><p>This page needs JavaScript. <a href="openapi.json">openapi.json</a> says the same.</p></main>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>`;

const DESCRIPTION = `Oven turns tapes of aesthetic.computer, ZIP files of pictures and sound, into videos and thumbnails.

Every error is \`{"error": {"code", "message", "fields"?}}\`. Its code is one of those listed here, or one that every address may
answer: \`NOT_FOUND\`, \`METHOD_NOT_ALLOWED\`, and 503 \`UNAVAILABLE\` with Retry-After, from the proxy before Oven while it can't reach
Oven; so are \`REQUEST_BROKEN\`, \`REQUEST_TIMEOUT\` and \`WRONG_HOST\`. The dashboard's login may answer \`TOO_MANY_TRIES\`, and its live
news \`TOO_MANY_PAGES\` or \`PAGES_FULL\`. Every answer has an \`x-request-id\`, which the log has too; a request may bring its own.

[The dashboard](./) shows the jobs.`;

/** The document of the API, made from the schemas that validate. */
export function openApiDocument(app: App, { release, publicUrl }: DocsRouteOptions) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Oven', version: release, description: DESCRIPTION },
    servers: [{ url: publicUrl }],
    tags: [
      { name: 'Tapes', description: 'What the site sends.' },
      { name: 'Jobs', description: 'How far a tape is, and how its bake ended.' },
      { name: 'Callbacks', description: 'What Oven sends to the site: the webhooks.' },
      { name: 'Operation', description: 'For operators of Oven.' },
    ],
  });
}
