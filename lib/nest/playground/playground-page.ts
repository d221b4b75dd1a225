import type { INestApplication } from '@nestjs/common';
import { packageVersion } from '../../learner/runtime/package-version.js';
import type { ModelStore } from '../../serving/store/index.js';
import type { HttpPlatform } from '../http/platform.js';
import { modelCard, type CardModel, type ModelCard } from './cards.js';
import { endpointCard } from './endpoint-cards.js';
import { schemasOf, type Schemas } from './references.js';
import type { Sample } from './samples.js';

/** What a page shows. */
export interface PageContent {
  readonly models: readonly CardModel[];
  readonly samples: readonly Sample[];
  /** From the page to the root of the application: `../`. */
  readonly up: string;
  /** The paths of the models' endpoints. */
  readonly own: ReadonlySet<string>;
}

/** The requests of the page when it loads; guards see this class. */
export class PlaygroundPage {
  #schemas: Schemas | undefined;

  constructor(
    private readonly app: INestApplication,
    private readonly platform: HttpPlatform,
    private readonly store: ModelStore,
    private readonly content: PageContent,
  ) {}

  /** `GET {path}/api/models`. */
  async models(): Promise<{ readonly version: string; readonly models: readonly ModelCard[] }> {
    const { models, samples } = this.content;
    const cards = await Promise.all(models.map((each) => modelCard(each, this.store, samples)));
    return { version: packageVersion() ?? 'unknown', models: [...cards, ...this.#endpoints()] };
  }

  /** Those of the application; the page has fields for parameters, and none for patterns. */
  #endpoints(): ModelCard[] {
    const { own, up } = this.content;
    const routes = this.platform
      .endpointRoutes()
      // Protocols have their own clients.
      .filter(([path, { protocol }]) => {
        return protocol === undefined && !own.has(path) && !/[*{(]/.test(path);
      });
    if (routes.length === 0) return [];
    const schemas = (this.#schemas ??= schemasOf(this.app));
    return routes.map(([path, each]) => endpointCard(path, up + path.slice(1), each, schemas));
  }
}
