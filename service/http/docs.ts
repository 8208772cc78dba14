import { createHash } from 'node:crypto';
import type { App, Deps } from './deps.ts';
import { type Doc, renderDocs } from './docs/page.ts';
import { STYLE } from './docs/style.ts';
import { openApiDocument } from './openapi.ts';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** `GET /openapi.json`, and `GET /docs`: the same as a page that asks for nothing else. Made once, when first asked for. */
export function docsRoutes(app: App, deps: Pick<Deps, 'release' | 'publicUrl'>): void {
  let made: ReturnType<typeof openApiDocument> | undefined;
  const document = () => {
    made ??= openApiDocument(app, deps);
    return made;
  };
  app.openAPIRegistry.registerComponent('securitySchemes', 'Bearer', {
    ...{ type: 'http', scheme: 'bearer', description: 'A secret of CALLBACK_SECRET.' },
  });
  app.get('/openapi.json', (c) => c.json(document()));
  app.get('/docs', (c) => {
    c.header('Content-Security-Policy', POLICY);
    return c.html(renderDocs(document() as unknown as Doc));
  });
}
