import { createHash } from 'node:crypto';
import { type Doc, renderDocs } from '../docs/page.ts';
import { STYLE } from '../docs/style.ts';
import type { App } from '../middleware.ts';
import { registerWebhooks } from '../webhooks.ts';

export interface DocsRouteOptions {
  readonly release: string;
  /** The service's, without a slash at its end. */
  readonly publicUrl: string;
}

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** `GET /openapi.json`, and `GET /docs`: the same as a page that asks for nothing else. Made once, when first asked for. */
export function docsRoutes(app: App, options: DocsRouteOptions): void {
  let made: ReturnType<typeof openApiDocument> | undefined;
  const document = () => {
    made ??= openApiDocument(app, options);
    return made;
  };
  app.openAPIRegistry.registerComponent('securitySchemes', 'Bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A secret of CALLBACK_SECRET.',
  });
  registerWebhooks(app);
  app.get('/openapi.json', (c) => c.json(document()));
  app.get('/docs', (c) => {
    c.header('Content-Security-Policy', POLICY);
    return c.html(renderDocs(document() as unknown as Doc));
  });
}

const DESCRIPTION = `Oven turns tapes of aesthetic.computer, ZIP files of pictures and sound, into videos and thumbnails.

Every error is \`{"error": {"code", "message", "fields"?}}\`, and its code one of those listed here, or any address's: \`NOT_FOUND\`,
\`METHOD_NOT_ALLOWED\`, and 503 \`UNAVAILABLE\` with Retry-After of the proxy before Oven while it can't be reached. Every answer has an
\`x-request-id\`, under which the log tells more; a request may bring its own.`;

/** The document of the API, made from the schemas that validate. */
export function openApiDocument(app: App, { release, publicUrl }: DocsRouteOptions) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Oven', version: release, description: DESCRIPTION },
    servers: [{ url: publicUrl }],
    tags: [
      { name: 'Tapes', description: 'What the site sends.' },
      { name: 'Jobs', description: 'How far a tape is, and how its bake ended.' },
      { name: 'Callbacks', description: 'What Oven sends to the site.' },
      { name: 'Operation', description: 'For those who run Oven.' },
    ],
  });
}
