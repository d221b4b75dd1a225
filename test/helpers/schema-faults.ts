import draft4 from 'ajv-draft-04';

/** Schemas of OpenAPI 3.0 are those of JSON Schema's draft 4, with `nullable`. */
const ajv = new draft4.default({ strict: false, validateFormats: false });

/** What of a value is not as a schema of a document says; undefined where all is. */
export function schemaFaults(
  schema: object,
  value: unknown,
  document: { readonly components?: unknown } = {},
): string | undefined {
  // References lead from the root of the document.
  const root = { ...schema, components: document.components };
  return ajv.validate(root, value) ? undefined : ajv.errorsText();
}
