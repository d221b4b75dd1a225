import {
  anything,
  count,
  flag,
  flagOr,
  group,
  valueThat,
  type OptionCheck,
} from '../../serving/options.js';
import { refuseOption } from '../http/errors.js';
import { normalizeTag } from '../injection/runner-tags.storage.js';
import { checkedPath } from '../observability/health-options.js';
import { grpcOptions, type VtsGrpcOptions } from './grpc/grpc-options.js';

/**
 * How an application serves the Open Inference Protocol.
 *
 * @publicApi
 */
export interface VtsOpenInferenceOptions {
  /**
   * Serve it over HTTP, on the application's own server, below its global prefix like `/metrics`.
   *
   * @default true
   */
  rest?: boolean | VtsOpenInferenceRestOptions;
  /**
   * Serve it over gRPC, on a separate port.
   *
   * @default none
   */
  grpc?: VtsGrpcOptions;
  /**
   * Tags of further models to serve, besides the runners that the application injects and its
   * runnables. Each gets a runner, which is opened with the others. Several versions of a name are
   * served side by side: `['iris:v1', 'iris:v2']`.
   *
   * @default none
   */
  models?: readonly string[];
  /**
   * Serve the injected runners and the runnables; with false, only `models`.
   *
   * @default true
   */
  injected?: boolean;
  /**
   * Let clients list the models of the store, load them and unload them: the protocol's extension
   * "model_repository". Runners that the application injects cannot be unloaded. Use this only for
   * clients that you trust: each model takes memory.
   *
   * @default false
   */
  repository?: boolean;
  /** The limit on the rows of a request; above it, HTTP 400. @default 10000 */
  maxRows?: number;
  /**
   * The limit on the bytes of an answer's tensors; above it, HTTP 400. @default 536870912 (512 MiB)
   */
  maxResponseBytes?: number;
}

/** @publicApi */
export interface VtsOpenInferenceRestOptions {
  /** The prefix of all its paths. Clients expect `/v2`. @default 'v2' */
  path?: string;
  /**
   * Whether the document of `setupVtsDocs` and `createVtsDocument` has the routes, as a group of
   * its own. Their schemas are the same for all models; a model's metadata has its own.
   *
   * @default false
   */
  document?: boolean;
}

/** The options with all defaults. */
export interface OpenInferenceOptions {
  /** Without slashes at its ends; undefined if REST is turned off. */
  readonly path: string | undefined;
  /** Whether the OpenAPI document has its routes. */
  readonly document: boolean;
  readonly grpc: VtsGrpcOptions | undefined;
  /** Normalized tags. */
  readonly models: readonly string[];
  readonly injected: boolean;
  readonly repository: boolean;
  /** The given options. */
  readonly limits: Pick<VtsOpenInferenceOptions, 'maxRows' | 'maxResponseBytes'>;
}

const tags: OptionCheck = (value, option, refuse) => {
  valueThat(Array.isArray, 'use a list of tags')(value, option, refuse);
  for (const [at, tag] of ((value as unknown[] | undefined) ?? []).entries()) {
    valueThat((each) => typeof each === 'string', 'use a tag such as "iris:latest"')(
      tag,
      `${option}[${at}]`,
      refuse,
    );
  }
};

/** Checks the module's option; valid options can be resolved. */
export const openInferenceCheck: OptionCheck = flagOr(
  group<VtsOpenInferenceOptions>(
    {
      rest: flagOr(
        group<VtsOpenInferenceRestOptions>(
          { path: anything, document: flag },
          'use true, false or { path, document }',
        ),
      ),
      grpc: grpcOptions,
      models: tags,
      injected: flag,
      repository: flag,
      maxRows: count,
      maxResponseBytes: count,
    },
    'use true, false or options',
  ),
);

/**
 * The options; undefined if the protocol is not served.
 *
 * @throws InvalidModuleOptionError, InvalidTagError
 */
export function resolveOpenInference(
  given: boolean | VtsOpenInferenceOptions = false,
): OpenInferenceOptions | undefined {
  openInferenceCheck(given, 'openInference', refuseOption);
  if (given === false) return undefined;
  const options = given === true ? {} : given;
  const { rest = true, grpc, models = [], injected = true, repository = false } = options;
  const { maxRows, maxResponseBytes } = options;
  const { path = 'v2', document = false } = typeof rest === 'object' ? rest : {};
  return {
    path: rest === false ? undefined : checkedPath('openInference.rest.path', path),
    document,
    grpc,
    models: [...new Set(models.map(normalizeTag))],
    injected,
    repository,
    limits: {
      ...(maxRows !== undefined && { maxRows }),
      ...(maxResponseBytes !== undefined && { maxResponseBytes }),
    },
  };
}
