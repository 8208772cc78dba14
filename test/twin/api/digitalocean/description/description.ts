import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';

/** An OpenAPI 3.0 document, as far as it is looked at here: each JSON body with its schema. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

interface Content {
  readonly content?: { readonly 'application/json': { readonly schema: unknown } };
}

interface Described {
  readonly requestBody?: Content;
  /** By status, or `default`. */
  readonly responses: Readonly<Record<string, Content>>;
}

/** One method of one path. What is wrong with a body is said by its fields, never with a value of it, which may be secret. */
export interface Operation {
  /** Such as `POST /v2/tags/{tag_id}/resources`. */
  readonly name: string;
  /** What is wrong with a request's body. */
  request(body: unknown): string[];
  /** What is wrong with an answer; `body` is undefined where there is none. */
  response(status: number, body: unknown): string[];
}

/** Finds the operation of a call; undefined when it is not described. */
export type Description = (method: string, path: string) => Operation | undefined;

/** DigitalOcean's description of the operations used here, as it is (README.md beside this file). */
export function readDocument(): Document {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'operations.json'), 'utf8'));
}

/** Makes a document's schemas validate. Each is compiled when it is first needed. */
export function describe(document: Document): Description {
  // OpenAPI's own formats and keywords say nothing here; `nullable` is known.
  const formats = { ...fullFormats, string: true as const };
  const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false, formats });
  ajv.addSchema(document, 'description');
  const compiled = new Map<string, ValidateFunction>();
  const problems = (pointer: string, value: unknown): string[] => {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `description#${pointer}` });
    compiled.set(pointer, validate);
    return validate(value) ? [] : said(validate.errors ?? []);
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody, responses }]) => {
      const at = `/paths/${path.replaceAll('/', '~1').replaceAll(/[{}]/g, encodeURIComponent)}/${method}`;
      const schema = (where: string) => `${at}/${where}/content/application~1json/schema`;
      const operation: Operation = {
        name: `${method.toUpperCase()} ${path}`,
        request: (body) => (requestBody?.content ? problems(schema('requestBody'), body) : []),
        response: (status, body) => {
          const code = String(status) in responses ? String(status) : 'default';
          const hasBody = responses[code]?.content !== undefined;
          if (hasBody !== (body !== undefined)) return [hasBody ? 'has no body' : 'has a body'];
          return hasBody ? problems(schema(`responses/${code}`), body) : [];
        },
      };
      const pattern = new RegExp(`^${path.replaceAll(/\{[^}]*\}/g, '[^/]+')}$`);
      return { method: method.toUpperCase(), pattern, operation };
    }),
  );
  return (method, path) =>
    operations.find((one) => one.method === method && one.pattern.test(path))?.operation;
}

function said(errors: readonly ErrorObject[]): string[] {
  const problems = errors.map(({ instancePath, message }) =>
    `${instancePath.slice(1).replaceAll('/', '.')} ${message}`.trim(),
  );
  return [...new Set(problems)];
}
