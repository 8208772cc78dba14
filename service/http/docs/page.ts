import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { FAILURE_CODES } from '../../errors.ts';
import { type Field, fieldsOf, type Shape, type Shapes } from './shape.ts';
import { STYLE } from './style.ts';

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

interface Body {
  readonly content?: Readonly<Record<string, { readonly schema?: Shape }>>;
  readonly description?: string;
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { name: string; description?: string }[];
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, Body>>;
}

/** What the page reads of an OpenAPI document. */
export interface Doc {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Shapes };
}

/** The document as a page, without script. */
export function renderDocs({ info, tags = [], paths = {}, components }: Doc): Html {
  const shapes = components?.schemas ?? {};
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const inGroup = (name: string) => all.filter(({ operation }) => operation.tags?.includes(name));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} · API</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<h1>${info.title}</h1>
${prose(info.description)}
<p class="note">Release ${info.version}. <a href="/openapi.json">openapi.json</a> · <a href="/">dashboard</a></p>
<nav aria-label="Contents"><ul>
${all.map(({ path, method, operation }) => html`<li><a href="#${anchor(method, path)}"><span class="method">${method}</span> ${path}</a> ${operation.summary}</li>`)}
</ul></nav>
${tags.map(
  ({ name, description }) => html`<h2>${name}</h2>${prose(description)}
${inGroup(name).map(({ path, method, operation }) => renderOperation(path, method, operation, shapes))}`,
)}
<h2>Codes of failed bakes</h2>
<p>In the status of a job, and in its callback:</p>
<p>${FAILURE_CODES.map((code) => html`<code>${code}</code> `)}</p>
</main>
</body>
</html>`;
}

function renderOperation(path: string, method: string, operation: Operation, shapes: Shapes): Html {
  const body = schemaOf(operation.requestBody);
  const { parameters = [], responses } = operation;
  return html`<section aria-labelledby="${anchor(method, path)}">
<h3 id="${anchor(method, path)}"><span class="method">${method}</span> <code>${path}</code></h3>
<p>${operation.summary}.</p>
${prose(operation.description)}
${operation.security ? html`<p>Needs <code>Authorization: Bearer CALLBACK_SECRET</code>.</p>` : ''}
${parameters.length > 0 ? html`<p>${parameters.map(({ name, description }) => html`<code>${name}</code> ${description} `)}</p>` : ''}
${body ? renderFields('Body', fieldsOf(body, shapes)) : ''}
<table><caption>Answers</caption>
${Object.entries(responses).map(
  ([status, { description }]) => html`<tr><th scope="row">${status}</th><td>${prose(description)}</td></tr>`,
)}
</table>
${Object.entries(responses)
  .filter(([status]) => status.startsWith('2'))
  .slice(0, 1)
  .map(([status, response]) => renderFields(`Body of ${status}`, fieldsOf(schemaOf(response) ?? {}, shapes)))}
</section>`;
}

function renderFields(caption: string, fields: readonly Field[]): Html {
  if (fields.length === 0) return html``;
  return html`<table><caption>${caption}</caption>
<thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">What it is</th></tr></thead>
<tbody>${fields.map(
    ({ name, type, required, description }) =>
      html`<tr><td><code>${name}</code>${required ? '' : html` <span class="note">optional</span>`}</td><td>${type}</td><td>${prose(description)}</td></tr>`,
  )}</tbody></table>`;
}

function schemaOf(body: Body | undefined): Shape | undefined {
  return body?.content?.['application/json']?.schema;
}

/** Text with its \`code\` and **stress** shown; an empty line begins a paragraph. */
function prose(text = ''): Html {
  if (text === '') return html``;
  const paragraphs = text.split('\n\n').map((paragraph) => {
    const parts = paragraph.split(/(`[^`]+`|\*\*[^*]+\*\*)/);
    return html`<p>${parts.map((part) => {
      if (part.startsWith('`')) return html`<code>${part.slice(1, -1)}</code>`;
      return part.startsWith('**') ? html`<strong>${part.slice(2, -2)}</strong>` : html`${part}`;
    })}</p>`;
  });
  return html`${paragraphs}`;
}

function anchor(method: string, path: string): string {
  return `${method}${path}`.replace(/[^a-z0-9]+/gi, '-').replace(/-$/, '');
}
