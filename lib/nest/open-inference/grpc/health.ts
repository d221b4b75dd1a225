import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { shortened } from '../../../learner/errors/index.js';
import { CODES, detailsOf } from './grpc-status.js';

/** How often watched models are checked. */
const LOOK_MS = 500;

type Status = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

interface Request {
  readonly service: string;
}

interface Answer {
  readonly status: Status;
}

type Watcher = ServerWritableStream<Request, Answer>;

export interface HealthSource {
  /** Whether requests should be sent to this process. */
  readonly ready: () => boolean;
  readonly models: () => readonly string[];
  readonly modelReady: (name: string) => boolean;
}

/** The names of the service itself, whose health is the server's. */
const SERVER = new Set(['', 'inference.GRPCInferenceService']);

/** `grpc.health.v1`: of the server, and of each model by its name. */
export class GrpcHealth {
  /** Watchers, with the last status that each received. */
  readonly #watchers = new Map<Watcher, Status>();
  #looking: NodeJS.Timeout | undefined;

  constructor(private readonly source: HealthSource) {}

  get methods(): UntypedServiceImplementation {
    return { Check: this.#check, Watch: this.#watch, List: this.#list };
  }

  /** Sends changes to watchers. */
  refresh(): void {
    for (const [watcher, last] of this.#watchers) {
      const status = this.#statusOf(watcher.request.service);
      if (status === last) continue;
      this.#watchers.set(watcher, status);
      watcher.write({ status });
    }
  }

  /** Ends all watches. Clients start them again on another server. */
  close(): void {
    clearInterval(this.#looking);
    for (const watcher of this.#watchers.keys()) {
      watcher.emit('error', { code: CODES.UNAVAILABLE, details: 'The service is shutting down.' });
    }
    this.#watchers.clear();
  }

  readonly #check: handleUnaryCall<Request, Answer> = ({ request: { service } }, callback) => {
    const status = this.#statusOf(service);
    if (status !== 'SERVICE_UNKNOWN') return callback(null, { status });
    const details = detailsOf(
      `The model "${shortened(service)}" is not served; use one that is, or '' for all.`,
    );
    callback({ code: CODES.NOT_FOUND, details });
  };

  readonly #watch: handleServerStreamingCall<Request, Answer> = (watcher) => {
    const status = this.#statusOf(watcher.request.service);
    this.#watchers.set(watcher, status);
    watcher.write({ status });
    watcher.on('cancelled', () => this.#watchers.delete(watcher));
    this.#looking ??= setInterval(() => this.refresh(), LOOK_MS).unref();
  };

  readonly #list: handleUnaryCall<object, { statuses: Record<string, Answer> }> = (_, callback) => {
    const names = ['', ...this.source.models()];
    const statuses = names.map((name) => [name, { status: this.#statusOf(name) }] as const);
    callback(null, { statuses: Object.fromEntries(statuses) });
  };

  #statusOf(service: string): Status {
    const { ready, models, modelReady } = this.source;
    if (SERVER.has(service)) return ready() ? 'SERVING' : 'NOT_SERVING';
    if (!models().includes(service)) return 'SERVICE_UNKNOWN';
    return modelReady(service) ? 'SERVING' : 'NOT_SERVING';
  }
}
