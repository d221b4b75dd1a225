import { METHODS } from 'node:http';
import { endpointOf, type Endpoint } from '../endpoint.js';

/** As far as it is read here, what Express's router keeps of a route or a middleware. */
interface Layer {
  match(path: string): unknown;
  readonly route?: {
    readonly path?: unknown;
    /** By lower-case method; `_all` for `app.all()`. */
    readonly methods: Readonly<Record<string, boolean>>;
    readonly stack: readonly { readonly method?: string; readonly handle: object }[];
  };
}

/** The HTTP adapter, of which the framework's application is wanted. */
export interface RoutedAdapter {
  getInstance(): unknown;
}

const tables = new WeakMap<object, RouteTable>();

/**
 * The routes that Nest has registered, with their prefixes, versions and parameters: what a request
 * will reach, known before body parsers run, and what is allowed where nothing was reached.
 */
export class RouteTable {
  readonly #endpoints: readonly (readonly [Layer, Endpoint])[];
  readonly #sole = new Set<string>();
  /** The endpoints at paths without parameters. */
  readonly #plain = new Map<string, Endpoint>();

  private constructor(private readonly layers: readonly Layer[]) {
    this.#endpoints = layers.flatMap((layer) => {
      const endpoint = endpointIn(layer);
      return endpoint ? [[layer, endpoint] as const] : [];
    });
    for (const [layer] of this.#endpoints) {
      const path = layer.route?.path;
      if (typeof path !== 'string' || PATTERN.test(path)) continue;
      const first = this.#firstAt(path);
      if (first !== undefined) this.#plain.set(path, first);
      const others = layers.filter((other) => other !== layer && takesPost(other));
      if (!others.some((other) => matches(other, path))) this.#sole.add(path);
    }
  }

  /** Made anew when there are more routes than before. */
  static of(adapter: RoutedAdapter): RouteTable {
    const layers = layersOf(adapter);
    const known = tables.get(layers);
    if (known?.layers.length === layers.length) return known;
    const table = new RouteTable([...layers]);
    tables.set(layers, table);
    return table;
  }

  /** The endpoints by the paths of their routes, in the order in which they are asked. */
  get endpoints(): readonly (readonly [string, Endpoint])[] {
    return this.#endpoints.map(([layer, endpoint]) => [String(layer.route?.path), endpoint]);
  }

  /**
   * The endpoint whose `POST` a path belongs to; another handler at the very same path may still be
   * first.
   */
  endpointAt(path: string): Endpoint | undefined {
    return this.#plain.get(path) ?? this.#firstAt(path);
  }

  #firstAt(path: string): Endpoint | undefined {
    return this.#endpoints.find(([layer]) => matches(layer, path))?.[1];
  }

  /**
   * Every `POST` to this very path reaches one endpoint; false for paths with parameters, and where
   * others are there.
   */
  isSoleEndpoint(path: string): boolean {
    return this.#sole.has(path);
  }

  /**
   * The methods of the routes at a path; none where there is no route, or one that takes them all.
   */
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

/** What makes a path match others than itself. */
const PATTERN = /[:*{}()[\]?+!\\]/;

function takesPost({ route }: Layer): boolean {
  return route !== undefined && (route.methods['post'] === true || takesAll(route.methods));
}

const NONE: readonly Layer[] = [];

function layersOf(adapter: RoutedAdapter): readonly Layer[] {
  const { router } = adapter.getInstance() as { router?: { stack?: unknown } };
  return Array.isArray(router?.stack) ? (router.stack as readonly Layer[]) : NONE;
}

function endpointIn({ route }: Layer): Endpoint | undefined {
  for (const { method, handle } of route?.stack ?? []) {
    if (method !== 'post') continue;
    const endpoint = endpointOf(handle);
    if (endpoint !== undefined) return endpoint;
  }
  return undefined;
}

/**
 * So does what Nest puts at paths outside the global prefix, to answer the methods that they do not
 * have.
 */
function takesAll(methods: Readonly<Record<string, boolean>>): boolean {
  return methods['_all'] === true || Object.keys(methods).length >= METHODS.length;
}

function matches(layer: Layer, path: string): boolean {
  try {
    return Boolean(layer.match(path));
  } catch {
    // A path that cannot be decoded: its own request will be told.
    return false;
  }
}
