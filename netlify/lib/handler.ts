/** A request as servers pass it to a `handler`. */
export interface FunctionEvent {
  readonly httpMethod: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Text, or base64 if `isBase64Encoded`. */
  readonly body?: string | Uint8Array | null;
  readonly isBase64Encoded?: boolean;
  readonly rawUrl?: string;
  readonly path?: string;
}

/** A response as such servers take it. */
export interface FunctionResult {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

/** A function that any server of Node can mount, and that other functions can call. */
export type Handler = (event: FunctionEvent, context?: unknown) => Promise<FunctionResult>;

/** Headers of the connection and of a body that a caller may have replaced since. */
const OF_THE_CONNECTION = ['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'];

/** The `handler` of a function. A request that no function can read, such as one with an illegal header, gets 400. */
export function toHandler(serve: (request: Request, context: never) => Promise<Response>): Handler {
  return async (event) => {
    let request: Request;
    try {
      request = toRequest(event);
    } catch {
      const error = { code: 'INVALID_REQUEST', message: 'The request is not HTTP.' };
      return toResult(Response.json({ error }, { status: 400 }));
    }
    // Netlify's context says that the platform calls. A handler has none.
    return toResult(await serve(request, {} as never));
  };
}

function toRequest({ httpMethod, headers, body, isBase64Encoded, rawUrl = '', path }: FunctionEvent) {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || OF_THE_CONNECTION.includes(name.toLowerCase()) ? [] : [[name, String(value)]],
  );
  const url = URL.canParse(rawUrl) ? rawUrl : new URL(path ?? '/', 'http://localhost').href;
  const bytes = typeof body === 'string' && isBase64Encoded ? Buffer.from(body, 'base64') : body;
  const hasBody = !['GET', 'HEAD'].includes(httpMethod) && bytes !== undefined && bytes !== null;
  return new Request(url, {
    method: httpMethod,
    headers: given as [string, string][],
    ...(hasBody && { body: bytes as string | Uint8Array<ArrayBuffer> }),
  });
}

async function toResult(response: Response): Promise<FunctionResult> {
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
    isBase64Encoded: false,
  };
}
