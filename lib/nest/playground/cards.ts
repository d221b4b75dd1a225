import type { LearnerDescription } from '../../learner/fastai/contract.js';
import type { ModelInput } from '../../learner/pytorch/index.js';
import { FASTAI } from '../../serving/models/fastai/rules.js';
import type { FastaiRunner } from '../../serving/models/fastai/types.js';
import type { PytorchRunner } from '../../serving/models/pytorch/types.js';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import type { ModelStore } from '../../serving/store/index.js';
import { ENDPOINT_NAMES, type EndpointName } from '../served-model/served-endpoint.js';
import type { EndpointDescription } from './endpoint-cards.js';
import type { Sample } from './samples.js';

/** The facts about a model, or an endpoint of the application, for the page. */
export interface ModelCard {
  readonly name: string;
  readonly tag?: string;
  readonly created?: string;
  /** The versions of the packages that made it, by package. */
  readonly versions: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly description: LearnerDescription | ModuleDescription | EndpointDescription;
  /** URLs, relative to the page's. */
  readonly routes: Readonly<Partial<Record<EndpointName, string>>>;
  readonly samples?: readonly { readonly name: string; readonly url: string }[];
}

interface ModuleDescription {
  readonly kind: 'module';
  readonly inputs: readonly ModelInput[];
}

/** A model that the page shows. */
export interface CardModel {
  readonly name: string;
  readonly runner: RunnerHandle;
  /** The URL before `/predict`, relative to the page's, with a slash at its end; '' for none. */
  readonly base: string;
}

export async function modelCard(
  { name, runner, base }: CardModel,
  store: ModelStore,
  samples: readonly Sample[],
): Promise<ModelCard> {
  // Versions change if the store is watched.
  const { info } = await store.get(runner.tag);
  const learner = FASTAI.modules.includes(info.module);
  const description = learner
    ? (runner as FastaiRunner).description
    : ({ kind: 'module', inputs: (runner as PytorchRunner).inputs } as const);
  const offered = ENDPOINT_NAMES.filter((each) => isOffered(each, description));
  const wanted = samples.filter(({ kind }) => kind === sampleKindOf(description));
  return {
    name,
    tag: runner.tag,
    created: info.creationTime.toISOString(),
    versions: info.context.frameworkVersions,
    labels: info.labels,
    description,
    routes: Object.fromEntries(offered.map((each) => [each, `${base}${each}`])),
    ...(wanted.length > 0 && {
      samples: wanted.map((sample) => ({ name: sample.name, url: sample.file.path })),
    }),
  };
}

/** For images, only classes can be explained; for texts and rows, numbers too. */
const EXPLAINED = ['classify', 'multilabel'];

function isOffered(
  name: EndpointName,
  description: LearnerDescription | ModuleDescription,
): boolean {
  if (name === 'predict') return true;
  if (description.kind === 'module') return false;
  const { kind, task } = description;
  if (name === 'explain' && (kind === 'array' || kind === 'mixed')) return false;
  return name === 'show' || EXPLAINED.includes(task) || (task === 'regress' && kind !== 'vision');
}

function sampleKindOf({
  kind,
}: LearnerDescription | ModuleDescription): Sample['kind'] | undefined {
  if (kind === 'vision') return 'image';
  return kind === 'text' || kind === 'lm' ? 'text' : undefined;
}
