import {
  Inject,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, ModuleRef } from '@nestjs/core';
import { endpointOf, type Endpoint } from '../http/endpoint.js';
import { VTS_JOBS } from '../vts.constants.js';
import { JobHandlerError } from './errors.js';
import type { InterceptedHandler } from './intercepted.js';
import type { ResolvedJobsOptions } from './jobs-options.js';
import { INTERCEPTORS, PARAMETERS, PIPES } from './nest-metadata.js';

/** An endpoint whose requests can run as jobs, with the limits of its jobs. */
export interface JobEndpoint extends InterceptedHandler {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly limits: Limits;
  /** Calls the handler with the input, after the application's pipes. */
  call(input: unknown): Promise<unknown>;
}

type Limits = Readonly<
  Pick<
    ResolvedJobsOptions,
    'timeoutMs' | 'attempts' | 'keepFor' | 'maxInputBytes' | 'maxResultBytes'
  >
>;

/** The endpoints of the application that have jobs, by their names in the queue. */
@Injectable()
export class JobHandlers {
  #byName: ReadonlyMap<string, JobEndpoint> | undefined;
  #byEndpoint = new Map<Endpoint, JobEndpoint>();

  constructor(
    @Inject(VTS_JOBS) private readonly options: ResolvedJobsOptions,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
  ) {}

  /** @throws JobHandlerError for an endpoint that cannot have jobs. */
  find(): ReadonlyMap<string, JobEndpoint> {
    if (this.#byName !== undefined) return this.#byName;
    const found = new Map<string, JobEndpoint>();
    for (const { metatype, instance, isDependencyTreeStatic } of this.#controllers()) {
      for (const key of methodsOf(metatype)) {
        const handler = metatype.prototype[key] as object;
        const endpoint = endpointOf(handler);
        if (endpoint?.job === undefined) continue;
        const name = endpoint.job.name ?? `${metatype.name}.${key}`;
        const label = `${metatype.name}.${key}`;
        if (!isDependencyTreeStatic) {
          const remedy =
            'do not inject the request, and give its guards, pipes and interceptors the default scope';
          throw new JobHandlerError(label, 'its controller is request-scoped', remedy);
        }
        checkParameters(label, metatype, key);
        if (found.has(name)) {
          const fact = `another endpoint is called "${name}" in the queue`;
          throw new JobHandlerError(label, fact, 'give it a different name: job: { name }');
        }
        const made = this.#endpoint(name, endpoint, metatype, instance, key);
        found.set(name, made);
        this.#byEndpoint.set(endpoint, made);
      }
    }
    return (this.#byName = found);
  }

  get(name: string): JobEndpoint | undefined {
    return this.find().get(name);
  }

  of(endpoint: Endpoint): JobEndpoint {
    this.find();
    return this.#byEndpoint.get(endpoint) as JobEndpoint;
  }

  #controllers() {
    return this.discovery.getControllers().flatMap((wrapper) => {
      const { metatype, instance } = wrapper;
      if (typeof metatype !== 'function') return [];
      return [
        {
          metatype: metatype as Type<Record<string, unknown>>,
          instance: instance as Record<string, (input: unknown) => unknown>,
          isDependencyTreeStatic: wrapper.isDependencyTreeStatic(),
        },
      ];
    });
  }

  #endpoint(
    name: string,
    endpoint: Endpoint,
    type: Type<Record<string, unknown>>,
    instance: Record<string, (input: unknown) => unknown>,
    key: string,
  ): JobEndpoint {
    const { job = {} } = endpoint;
    const { timeoutMs, attempts, keepFor, maxInputBytes, maxResultBytes } = this.options;
    const limits = { timeoutMs, attempts, keepFor, maxInputBytes, maxResultBytes, ...job };
    const types = Reflect.getMetadata('design:paramtypes', type.prototype as object, key) as
      unknown[] | undefined;
    const about = {
      type: 'custom',
      metatype: types?.[0] as Type,
      data: endpoint as never,
    } as const;
    const handler = type.prototype[key] as () => unknown;
    const label = `${type.name}.${key}`;
    // The controller's come after the application's.
    const own = [type, handler].flatMap((on) =>
      this.#made<PipeTransform>(label, 'pipe', PIPES, on),
    );
    return {
      controller: type,
      handler,
      interceptors: this.#made<NestInterceptor>(label, 'interceptor', INTERCEPTORS, handler),
      name,
      endpoint,
      limits,
      call: async (input) => {
        let value = input;
        for (const pipe of [...this.config.getGlobalPipes(), ...own])
          value = await (pipe.transform(value, about) as unknown);
        // Without a request, this is the handler itself; its promise is not awaited here.
        return { result: (instance[key] as (input: unknown) => unknown)(value) };
      },
    };
  }

  /**
   * The object that a decorator names; Nest creates it if it is a class.
   *
   * @throws JobHandlerError
   */
  #made<T extends object>(label: string, kind: string, metadata: unknown, on: object): T[] {
    const given = (Reflect.getMetadata(metadata, on) ?? []) as (T | Type<T>)[];
    return given.map((each) => {
      if (typeof each !== 'function') return each;
      try {
        return this.modules.get<T>(each, { strict: false });
      } catch {
        const remedy = `give that ${kind} the default scope`;
        const fact = `its ${kind} ${each.name} is made for each request, and a job has none`;
        throw new JobHandlerError(label, fact, remedy);
      }
    });
  }
}

function methodsOf({ prototype }: Type): string[] {
  const names = new Set<string>();
  for (
    let at = prototype as object | null;
    at && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function') names.add(name);
    }
  }
  return [...names];
}

/** @throws JobHandlerError for a parameter from the request, which a job does not have. */
function checkParameters(label: string, type: Type, key: string): void {
  const given = (Reflect.getMetadata(PARAMETERS, type, key) ?? {}) as Record<
    string,
    { index: number }
  >;
  const types = Reflect.getMetadata('design:paramtypes', type.prototype as object, key) as
    unknown[] | undefined;
  // One interceptor of this module comes after those of the handler.
  const own = Math.max(1, types?.length ?? 16);
  const others = Object.values(given).filter(({ index }) => index > 0 && index < own);
  const [first] = others.map(({ index }) => index).sort((a, b) => a - b);
  if (first === undefined) return;
  throw new JobHandlerError(
    label,
    `its parameter ${first + 1} comes from the request, which a job does not have`,
    'take only the input, and read everything else from it',
  );
}
