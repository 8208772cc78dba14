import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

type Handler = (request: Request, context: object) => Promise<Response>;

interface Module {
  readonly default: Handler;
  readonly config: { readonly path?: string | readonly string[] };
}

const NAMES = ['track-media', 'tape-bake-complete', 'retry-stuck-tapes', 'forget-tapes'];

/** The functions by path. A function without a path of its own has the platform's. */
async function loadFunctions(files: readonly string[]): Promise<ReadonlyMap<string, Handler>> {
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(file).href) as Promise<Module>));
  return new Map(
    modules.flatMap((module, index) => {
      const name = basename(files[index] ?? '').replace(/\.m?[jt]s$/, '');
      const paths = [module.config.path ?? `/.netlify/functions/${name}`].flat();
      return paths.map((path) => [path, module.default] as const);
    }),
  );
}

/** A server of node:http for functions that use the web's Request and Response. */
function serveFunctions(functions: ReadonlyMap<string, Handler>) {
  return createServer(async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? 'localhost'}`);
    const handler = functions.get(url.pathname);
    if (handler === undefined) return void outgoing.writeHead(404).end();
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = 'GET' } = incoming;
    const headers = Object.entries(incoming.headers).map(
      ([name, value]) => [name, String(value)] as [string, string],
    );
    const body = ['GET', 'HEAD'].includes(method) ? {} : { body: new Uint8Array(Buffer.concat(chunks)) };
    const response = await handler(new Request(url, { method, headers, ...body }), {});
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  });
}

// node netlify/serve.ts [PORT [FILE...]]: serves the functions on this machine, from the sources or from bundles.
if (import.meta.url === pathToFileURL(resolve(process.argv[1] ?? '')).href) {
  const [port = '8888', ...given] = process.argv.slice(2);
  const files = NAMES.map((name) => join(import.meta.dirname, 'functions', `${name}.ts`));
  const functions = await loadFunctions(given.length > 0 ? given.map((file) => resolve(file)) : files);
  const server = serveFunctions(functions).listen(Number(port), '127.0.0.1', () => {
    const address = server.address();
    console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`);
    for (const path of functions.keys()) console.log(`  ${path}`);
  });
}
