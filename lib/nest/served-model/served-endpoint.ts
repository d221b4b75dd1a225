import type { IoDescriptor, IoSchema } from '../io/io-descriptor.js';

/** The parts of a request besides its body. */
export interface Asked {
  /** Its `Accept` header. */
  readonly accept: string | undefined;
  readonly query: URLSearchParams;
}

/** A parameter of the query, which may be left out. */
export interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: Pick<IoSchema, 'type'>;
}

/** One endpoint of a model, however it is routed. */
export interface ServedEndpoint {
  /** A line for the OpenAPI document. */
  readonly summary: string;
  readonly description: string;
  readonly input: IoDescriptor<unknown, never>;
  readonly output: IoDescriptor<unknown, unknown>;
  /** The query parameters that it uses. */
  readonly query?: readonly QueryParameter[];
  /** Returns the answer: a value for `output`, or a stream of values. */
  handle(item: unknown, asked: Asked): unknown;
}

export const ENDPOINT_NAMES = ['predict', 'explain', 'show'] as const;

/** The endpoints of a model by the last part of their paths. */
export type EndpointName = (typeof ENDPOINT_NAMES)[number];

export type ServedEndpoints = Readonly<Partial<Record<EndpointName, ServedEndpoint>>>;
