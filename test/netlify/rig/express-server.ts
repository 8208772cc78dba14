// node express-server.ts PORT FILE...: a site whose functions run in an Express server: the bundles' handlers. docs/express.md quotes it.
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import express, { type Request, type Response } from 'express';
import type { Handler } from '../../../netlify/lib/handler.ts';

const [port = '0', ...files] = process.argv.slice(2);
const handlers = new Map<string, Handler>();
for (const file of files) {
  const { handler } = await import(pathToFileURL(resolve(file)).href);
  handlers.set(basename(file, '.mjs'), handler);
}

const app = express();
app.use(express.raw({ type: () => true, limit: '1mb' })); // a signature is over the bytes as they came
app.all(
  ['/api/:name', '/.netlify/functions/:name'],
  async (request: Request<{ name: string }>, response: Response) => {
    const { name } = request.params;
    const handler = handlers.get(name === 'track-tape' ? 'track-media' : name);
    if (handler === undefined) return void response.sendStatus(404);
    const { statusCode, headers, body } = await handler({
      httpMethod: request.method,
      headers: request.headers,
      body: Buffer.isBuffer(request.body) ? request.body.toString('utf8') : null,
      rawUrl: `${request.protocol}://${request.get('host')}${request.originalUrl}`,
    });
    response.status(statusCode).set(headers).send(body);
  },
);

const server = app.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`);
});
