/** A host application: its adapter, and what it has of its own. */
export interface Variant {
  readonly name: string;
  readonly adapter: 'express' | 'fastify';
  /** All routes of its controllers are below it. */
  readonly prefix?: string;
  /** A filter for every exception, set on the application. */
  readonly globalFilter?: boolean;
  /** A filter for some exceptions, from the container. */
  readonly providedFilter?: boolean;
  /** Error pages in HTML, and a part of the application that Nest knows nothing of. */
  readonly pages?: boolean;
}

const KINDS: readonly Omit<Variant, 'adapter'>[] = [
  { name: 'with nothing set' },
  { name: 'with a global prefix', prefix: '/api' },
  { name: 'with a global filter', globalFilter: true },
  { name: 'with a filter that is a provider', providedFilter: true },
  { name: 'with pages of its own', pages: true },
];

export const VARIANTS: readonly Variant[] = (['express', 'fastify'] as const).flatMap((adapter) =>
  KINDS.map((kind) => ({ ...kind, name: `${adapter}, ${kind.name}`, adapter })),
);

/** What a host application says of itself once it listens. */
export interface Host {
  readonly port: number;
  /** What a module could have changed without a response that shows it. */
  readonly traces: Readonly<Record<string, unknown>>;
}
