import type { App } from './deps.ts';

const DESCRIPTION = `Oven turns tapes of aesthetic.computer, ZIP files of pictures and sound, into videos and thumbnails.

Every error is \`{"error": {"code", "message", "fields"?}}\`, and its code one of those listed here, or any address's: \`NOT_FOUND\`,
\`METHOD_NOT_ALLOWED\`, and 503 \`UNAVAILABLE\` with Retry-After of the proxy before Oven while it can't be reached. Every answer has an
\`x-request-id\`, under which the log tells more; a request may bring its own.`;

/** The document of the API, made from the schemas that validate. */
export function openApiDocument(app: App, { release, publicUrl }: { release: string; publicUrl: string }) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Oven', version: release, description: DESCRIPTION },
    servers: [{ url: publicUrl }],
    tags: [
      { name: 'Tapes', description: 'What the site sends.' },
      { name: 'Jobs', description: 'What became of it.' },
      { name: 'Operation', description: 'For those who run Oven.' },
    ],
  });
}
