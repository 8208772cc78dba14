import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import pino from 'pino';
import { addRoutes, emptyApp, type RouteOptions } from '../../service/http/app.ts';
import { openApiDocument } from '../../service/http/routes/docs.ts';
import { healthRoutes, workRoute } from '../../service/http/routes/health.ts';

export type Schema = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Described {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
  readonly security?: readonly object[];
}

/** A method of a path in the API's document. */
export interface Operation extends Described {
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The API's document, made from the routes without a service. */
export const DOCUMENT = makeDocument();

export const OPERATIONS: readonly Operation[] = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({
    ...described,
    path,
    method: method.toUpperCase(),
  })),
);

/** The schema, or the one that it refers to. */
export function resolveSchema(schema: Schema): Schema {
  const [, name] = /^#\/components\/schemas\/(\w+)$/.exec(String(schema.$ref)) ?? [];
  return name === undefined ? schema : DOCUMENT.components.schemas[name]!;
}

/** The operation that a request's path and method belong to; 'path' if only the path is in the document. */
export function operationOf(method: string, path: string): Operation | 'path' | undefined {
  const found = OPERATIONS.filter((one) =>
    new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  return found.find((one) => one.method === method) ?? (found.length > 0 ? 'path' : undefined);
}

/** The service takes addresses as browsers do, and keeps them as URIs. */
const formats = { ...fullFormats, uri: (text: string) => URL.canParse(text) };
const ajv = new Ajv2020({ strict: false, allErrors: true, unicodeRegExp: false, formats });
ajv.addSchema(DOCUMENT, 'api');
const compiled = new Map<string, ValidateFunction>();

/** What is wrong with a value by the schema at this place of the document; undefined if nothing is. */
export function faultsBy(place: readonly string[], value: unknown): string | undefined {
  const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
  const $ref = `api#/${encodeURI(pointer)}`;
  const validate = compiled.get($ref) ?? ajv.compile({ $ref });
  compiled.set($ref, validate);
  return validate(value) ? undefined : ajv.errorsText(validate.errors);
}

function makeDocument(): Document {
  const app = emptyApp(pino({ enabled: false }));
  healthRoutes(app, { release: '', startedAt: 0, probe: async () => [] });
  workRoute(app, async () => []);
  // The document depends on none of them.
  const options = { release: '', publicUrl: '', operator: { identify: (_: unknown, next: unknown) => next } };
  addRoutes(app, options as unknown as RouteOptions);
  return openApiDocument(app, options) as unknown as Document;
}
