/** Paths of the OpenAPI document that no controller declares, and the schemas that they name. */
export interface DocumentPart {
  readonly paths: Readonly<Record<string, object>>;
  readonly schemas: Readonly<Record<string, object>>;
}

/** Keyed by the `HttpAdapterHost` of their applications. */
const parts = new WeakMap<object, () => DocumentPart>();

/** Registers additions to the document of an application. They are created with the document. */
export function addDocumentPart(host: object, part: () => DocumentPart): void {
  parts.set(host, part);
}

export function documentPartOf(host: object): DocumentPart | undefined {
  return parts.get(host)?.();
}
