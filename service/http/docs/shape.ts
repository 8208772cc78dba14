/** The part of an OpenAPI document that the page reads. */
export interface Shape {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly description?: string;
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: boolean | Shape;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
}

export type Shapes = Readonly<Record<string, Shape>>;

/** A field of a body, named with the names around it. */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

/** The schema that a reference stands for, or the schema itself. */
export function resolve(shape: Shape, shapes: Shapes): Shape {
  const name = shape.$ref?.split('/').at(-1);
  return name === undefined ? shape : (shapes[name] ?? {});
}

/** All fields of an object, inner ones after the one that holds them. */
export function fieldsOf(given: Shape, shapes: Shapes, prefix = ''): Field[] {
  const { properties = {}, required = [] } = resolve(given, shapes);
  return Object.entries(properties).flatMap(([key, value]) => {
    const shape = resolve(value, shapes);
    const name = `${prefix}${key}`;
    const inner = shape.items
      ? fieldsOf(shape.items, shapes, `${name}[].`)
      : fieldsOf(shape, shapes, `${name}.`);
    const description = value.description ?? shape.description ?? '';
    return [{ name, type: typeOf(shape, shapes), required: required.includes(key), description }, ...inner];
  });
}

/** A type in words. */
export function typeOf(given: Shape, shapes: Shapes): string {
  const shape = resolve(given, shapes);
  if (shape.enum) return shape.enum.map((value) => JSON.stringify(value)).join(', ');
  if ('const' in shape) return JSON.stringify(shape.const);
  const options = shape.anyOf ?? shape.oneOf;
  if (options) return options.map((option) => typeOf(option, shapes)).join(' or ');
  if (shape.type === 'array') return `list of ${shape.items ? typeOf(shape.items, shapes) : 'anything'}`;
  const type = shape.type === undefined ? 'anything' : [shape.type].flat().join(' or ');
  const { minimum, maximum, maxLength, pattern, format } = shape;
  const notes = [
    minimum !== undefined && maximum !== undefined && `${minimum}–${maximum}`,
    pattern ?? (maxLength !== undefined && `≤ ${maxLength} characters`),
    format,
  ].filter((note) => note !== undefined && note !== false);
  return notes.length > 0 ? `${type} (${notes.join(', ')})` : type;
}
