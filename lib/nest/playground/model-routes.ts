import { NotFoundException } from '@nestjs/common';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import type { ModelStore } from '../../serving/store/index.js';
import type { Endpoint } from '../http/endpoint.js';
import { rawRequest, type HttpPlatform } from '../http/platform.js';
import type { Requests } from '../http/requests.js';
import { Json } from '../io/json.js';
import { askedBy } from '../served-model/asked.js';
import {
  ENDPOINT_NAMES,
  type EndpointName,
  type ServedEndpoints,
} from '../served-model/served-endpoint.js';
import type { GuardedCalls } from './guarded-calls.js';

/** Resolves when the model is found; its requests wait for that. */
const UNKNOWN = new Json();

/** A model that the page serves itself; guards see this class and the names of its methods. */
export class PlaygroundModel {
  readonly #requests: Requests;
  readonly #endpoints: Readonly<Record<EndpointName, Endpoint>>;
  readonly #finding: Promise<void>;
  #found: ServedEndpoints = {};

  constructor(
    private readonly name: string,
    tag: string,
    runner: RunnerHandle,
    store: ModelStore,
    requests: Requests,
  ) {
    this.#requests = requests;
    this.#endpoints = {
      predict: this.#endpoint('predict'),
      explain: this.#endpoint('explain'),
      show: this.#endpoint('show'),
    };
    this.#finding = this.#find(tag, runner, store);
    // Opening its runner throws the same error, which ends the start of the application.
    this.#finding.catch(() => undefined);
  }

  predict(given: object, response: object): Promise<unknown> {
    return this.#serve('predict', given, response);
  }

  explain(given: object, response: object): Promise<unknown> {
    return this.#serve('explain', given, response);
  }

  show(given: object, response: object): Promise<unknown> {
    return this.#serve('show', given, response);
  }

  /** Routes `POST {path}/predict`, `/explain` and `/show`, and returns their paths. */
  route(path: string, platform: HttpPlatform, calls: GuardedCalls): string[] {
    return ENDPOINT_NAMES.map((name) => {
      const at = `${path}/${name}`;
      platform.addEndpoint(at, this.#endpoints[name], calls.handler(this, name));
      return at;
    });
  }

  async #find(tag: string, runner: RunnerHandle, store: ModelStore): Promise<void> {
    const { servedEndpoints } = await import('../served-model/served-model.js');
    this.#found = await servedEndpoints(tag, await store.get(tag), () => runner);
  }

  /** Its descriptors are known once the model is known. */
  #endpoint(name: EndpointName): Endpoint {
    const descriptors = (): Pick<Endpoint, 'input' | 'output'> =>
      this.#found[name] ?? { input: UNKNOWN, output: UNKNOWN };
    return {
      get input() {
        return descriptors().input;
      },
      get output() {
        return descriptors().output;
      },
      timeoutMs: undefined,
    };
  }

  async #serve(name: EndpointName, given: object, response: object): Promise<unknown> {
    await this.#finding;
    const found = this.#found[name];
    if (found === undefined) {
      throw new NotFoundException(`The model "${this.name}" has no ${name}; use predict.`);
    }
    const asked = askedBy(rawRequest(given));
    const handle = (item: unknown): unknown => found.handle(item, asked);
    return this.#requests.endpoints.call(this.#endpoints[name], given, response, handle);
  }
}
