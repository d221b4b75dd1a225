import { createRequire } from 'node:module';
import { parseAllDocuments } from 'yaml';

const require = createRequire(import.meta.url);

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

interface ModelClass {
  new (data: object): { validate(): void };
}

/** Packages that have the API groups; Kubernetes' own for all others. */
const PACKAGES: readonly (readonly [group: RegExp, name: string])[] = [
  [/^keda\.sh\//, '@kubernetes-models/keda'],
  [/^monitoring\.coreos\.com\//, '@kubernetes-models/prometheus-operator'],
];

/** The validators that are made of the OpenAPI document of Kubernetes, and of the CRDs. */
function modelOf({ apiVersion, kind }: Manifest): ModelClass {
  const [, name] = PACKAGES.find(([group]) => group.test(apiVersion)) ?? [];
  const module = require(`${name ?? 'kubernetes-models'}/${apiVersion}`) as Record<
    string,
    ModelClass
  >;
  const found = module[kind];
  if (found === undefined) throw new Error(`No schema of ${apiVersion} ${kind}.`);
  return found;
}

/** The documents of a file of YAML, with an error for each that is not valid YAML. */
export function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw error;
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });
}

/**
 * What a manifest has against its schema: values of wrong types, fields that are missing, and fields
 * that the schema does not know, which the API server drops or refuses. The validators pass over
 * those: they never look at them, and so they are found.
 */
export function faultsOf(manifest: Manifest): string[] {
  const Model = modelOf(manifest);
  try {
    new Model(manifest).validate();
  } catch (error) {
    return [(error as Error).message];
  }
  return unknownFields(manifest, (seen) =>
    (Model.prototype as { validate(): void }).validate.call(seen),
  );
}

/** Paths of the fields of JSON that a function never reads. */
function unknownFields(value: object, read: (value: object) => void): string[] {
  const reads = new Map<object, Set<string>>();
  const watched = new Map<object, object>();
  const watch = (target: object): object => {
    const known = watched.get(target);
    if (known !== undefined) return known;
    const proxy = new Proxy(target, {
      get(from, key) {
        const inner: unknown = Reflect.get(from, key);
        if (typeof key === 'string' && Object.hasOwn(from, key)) note(from, key);
        return typeof inner === 'object' && inner !== null ? watch(inner) : inner;
      },
      getOwnPropertyDescriptor(from, key) {
        const descriptor = Reflect.getOwnPropertyDescriptor(from, key);
        if (descriptor !== undefined && typeof key === 'string') note(from, key);
        return descriptor;
      },
    });
    watched.set(target, proxy);
    return proxy;
  };
  const note = (from: object, key: string): void => {
    const keys = reads.get(from) ?? new Set();
    reads.set(from, keys.add(key));
  };
  read(watch(value));
  const unread: string[] = [];
  const visit = (each: unknown, path: string): void => {
    if (typeof each !== 'object' || each === null) return;
    const keys = reads.get(each);
    // What is free in form is not looked into at all.
    if (keys === undefined) return;
    for (const [key, inner] of Object.entries(each)) {
      if (keys.has(key)) visit(inner, `${path}/${key}`);
      else if (!(Array.isArray(each) && key === 'length')) unread.push(`${path}/${key}`);
    }
  };
  visit(value, '');
  return unread;
}
