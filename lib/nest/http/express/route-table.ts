import { METHODS } from 'node:http';
import { endpointOf, type Endpoint } from '../endpoint.js';

/** The most paths with parameters whose endpoints are remembered. */
const MOST_PATHS = 1000;
const LONGEST_PATH = 256;

/** The part of a route or middleware in Express's router that is read here. */
interface Layer {
  match(path: string): unknown;
  readonly route?: {
    readonly path?: unknown;
    /** By lower-case method; `_all` for `app.all()`. */
    readonly methods: Readonly<Record<string, boolean>>;
    readonly stack: readonly { readonly method?: string; readonly handle: object }[];
  };
}

/** The HTTP adapter that gives access to the framework's application. */
export interface RoutedAdapter {
  getInstance(): unknown;
}

const tables = new WeakMap<object, RouteTable>();

/**
 * The routes that Nest has registered, with prefixes, versions and parameters. They tell which
 * route a request will reach before body parsers run, and which methods a path allows.
 */
export class RouteTable {
  readonly #endpoints: readonly (readonly [Layer, Endpoint])[];
  /** Those of other methods than `POST`, as routes of jobs have them. */
  readonly #others: readonly (readonly [Layer, Endpoint, method: string])[];
  readonly #sole = new Set<string>();
  /** The endpoints at paths without parameters. */
  readonly #plain = new Map<string, Endpoint>();
  /** Those at paths that clients have sent: matching all patterns takes longer than the router. */
  readonly #sent = new Map<string, Endpoint>();

  private constructor(private readonly layers: readonly Layer[]) {
    const all = layers.flatMap((layer) =>
      [...endpointsIn(layer)].map(([method, endpoint]) => [layer, endpoint, method] as const),
    );
    this.#endpoints = all.flatMap(([layer, endpoint, method]) =>
      method === 'POST' ? [[layer, endpoint] as const] : [],
    );
    this.#others = all.filter(([, , method]) => method !== 'POST');
    for (const [layer] of this.#endpoints) {
      const path = layer.route?.path;
      if (typeof path !== 'string' || PATTERN.test(path)) continue;
      const first = this.#firstAt(path);
      if (first !== undefined) this.#plain.set(path, first);
      const others = layers.filter((other) => other !== layer && takesPost(other));
      if (!others.some((other) => matches(other, path))) this.#sole.add(path);
    }
  }

  /** Rebuilt when there are more routes than before. */
  static of(adapter: RoutedAdapter): RouteTable {
    const layers = layersOf(adapter);
    const known = tables.get(layers);
    if (known?.layers.length === layers.length) return known;
    const table = new RouteTable([...layers]);
    tables.set(layers, table);
    return table;
  }

  /** The endpoints by the paths of their routes, in matching order. */
  get endpoints(): readonly (readonly [string, Endpoint])[] {
    return this.#endpoints
      .filter(([, { ofJobs }]) => !ofJobs)
      .map(([layer, endpoint]) => [String(layer.route?.path), endpoint]);
  }

  /** The endpoint of a method and a path. Another handler at the same path may still come first. */
  endpointAt(path: string, method = 'POST'): Endpoint | undefined {
    if (method === 'POST') return this.#plain.get(path) ?? this.#sentAt(path);
    return this.#others.find(([layer, , own]) => own === method && matches(layer, path))?.[1];
  }

  #sentAt(path: string): Endpoint | undefined {
    const known = this.#sent.get(path);
    if (known !== undefined) return known;
    const found = this.#firstAt(path);
    // Clients can make up paths: few are remembered, and none that is long.
    const few = this.#sent.size < MOST_PATHS && path.length <= LONGEST_PATH;
    if (found !== undefined && few) this.#sent.set(path, found);
    return found;
  }

  #firstAt(path: string): Endpoint | undefined {
    return this.#endpoints.find(([layer]) => matches(layer, path))?.[1];
  }

  /**
   * Whether every `POST` to this path reaches one endpoint; false for paths with parameters, or
   * with other handlers.
   */
  isSoleEndpoint(path: string): boolean {
    return this.#sole.has(path);
  }

  /** The route of the one endpoint that every `POST` to this path reaches, with its parameters. */
  soleRouteAt(path: string): string | undefined {
    const [layer, ...others] = this.layers.filter((each) => takesPost(each) && matches(each, path));
    const route = layer?.route?.path;
    return others.length === 0 && typeof route === 'string' ? route : undefined;
  }

  /** The methods of the routes at a path; empty if it has no route, or one for all methods. */
  methodsAt(path: string): readonly string[] {
    const methods = new Set<string>();
    for (const layer of this.layers) {
      if (!layer.route || takesAll(layer.route.methods) || !matches(layer, path)) continue;
      for (const method of Object.keys(layer.route.methods)) {
        methods.add(method.toUpperCase());
        // Express answers HEAD by the handler of GET.
        if (method === 'get') methods.add('HEAD');
      }
    }
    return [...methods].sort();
  }
}

/** The characters that make a path match other paths. */
const PATTERN = /[:*{}()[\]?+!\\]/;

function takesPost({ route }: Layer): boolean {
  return route !== undefined && (route.methods['post'] === true || takesAll(route.methods));
}

const NONE: readonly Layer[] = [];

function layersOf(adapter: RoutedAdapter): readonly Layer[] {
  const { router } = adapter.getInstance() as { router?: { stack?: unknown } };
  return Array.isArray(router?.stack) ? (router.stack as readonly Layer[]) : NONE;
}

/** The first of each method. */
function endpointsIn({ route }: Layer): Map<string, Endpoint> {
  const found = new Map<string, Endpoint>();
  for (const { method, handle } of route?.stack ?? []) {
    const endpoint = method === undefined ? undefined : endpointOf(handle);
    const name = method?.toUpperCase() ?? '';
    if (endpoint !== undefined && !found.has(name)) found.set(name, endpoint);
  }
  return found;
}

/** The handlers that Nest adds for other methods at paths outside the global prefix do the same. */
function takesAll(methods: Readonly<Record<string, boolean>>): boolean {
  return methods['_all'] === true || Object.keys(methods).length >= METHODS.length;
}

function matches(layer: Layer, path: string): boolean {
  try {
    return Boolean(layer.match(path));
  } catch {
    // The path cannot be decoded; its own request gets the error.
    return false;
  }
}
