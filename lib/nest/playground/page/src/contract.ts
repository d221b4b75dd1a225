/** A model in the answer of `GET api/models`. */

export type Scalar = string | number | boolean | null;

export interface Column {
  readonly name: string;
  readonly kind: 'category' | 'number';
  readonly categories?: readonly Exclude<Scalar, null>[];
  readonly nullable: boolean;
  readonly example: Scalar;
}

export interface LearnerDescription {
  readonly kind: 'text' | 'tabular' | 'collab' | 'vision' | 'lm' | 'array' | 'mixed';
  readonly task:
    'classify' | 'multilabel' | 'regress' | 'segment' | 'points' | 'image' | 'generate' | 'several';
  readonly classes?: readonly string[];
  readonly threshold?: number;
  readonly range?: readonly [number, number];
  readonly targets?: readonly string[];
  readonly columns?: { readonly columns: readonly Column[]; readonly targets: readonly string[] };
  readonly size?: readonly [number, number];
  /** For arrays: null if any size is accepted. */
  readonly shape?: readonly (number | null)[];
  /** For the task `several`: each result. */
  readonly results?: readonly (Pick<LearnerDescription, 'task' | 'classes' | 'threshold'> & {
    readonly name: string;
  })[];
  /** For kind `mixed`: each input. */
  readonly inputs?: readonly LearnerInput[];
}

export interface LearnerInput {
  readonly name: string;
  readonly kind: string;
  readonly shape?: readonly (number | null)[];
  readonly columns?: LearnerDescription['columns'];
}

export interface ModuleDescription {
  readonly kind: 'module';
  readonly inputs: readonly ModuleInput[];
}

export interface ModuleInput {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | null)[];
}

/** One side of an endpoint of an application. */
export interface Descriptor {
  readonly type: 'text' | 'image' | 'json' | 'ndarray' | 'frame' | 'series' | 'file' | 'multipart';
  readonly contentTypes: readonly string[];
  readonly schema: Schema;
  readonly sample?: unknown;
  readonly stream?: boolean;
}

/** The parts of an OpenAPI schema that the page reads. */
export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly Scalar[];
  readonly default?: unknown;
  readonly example?: unknown;
}

export interface EndpointDescription {
  readonly kind: 'endpoint';
  readonly input: Descriptor;
  readonly output: Descriptor;
}

export type Description = LearnerDescription | ModuleDescription | EndpointDescription;

export interface ModelCard<D extends Description = Description> {
  readonly name: string;
  readonly tag?: string;
  readonly created?: string;
  readonly versions?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly description: D;
  readonly routes: {
    readonly predict: string;
    readonly explain?: string;
    readonly show?: string;
  };
  readonly samples?: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly url: string;
}

export interface Models {
  readonly version: string;
  readonly models: readonly ModelCard[];
}

/** A PNG as the server sends it within JSON. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Base64. */
  readonly png: string;
}

/** The answer of a learner's `/predict`; its fields depend on the task. */
export interface Prediction {
  readonly prediction: unknown;
  readonly decoded?: Readonly<Record<string, unknown>>;
  readonly target?: unknown;
  readonly probabilities?: readonly number[];
  readonly classes?: readonly string[];
  readonly threshold?: number;
  /** Of several results: each by its name. */
  readonly results?: Readonly<Record<string, Prediction>>;
  readonly shares?: readonly number[];
  readonly width?: number;
  readonly height?: number;
}

/** What `/show` answers. */
export interface Shown {
  readonly tokens?: readonly string[];
  readonly image?: Picture;
  readonly columns?: readonly {
    readonly name: string;
    readonly value: Scalar;
    readonly known: boolean;
  }[];
  /** For several inputs: each by name. */
  readonly inputs?: readonly {
    readonly name: string;
    readonly tokens?: readonly string[];
    readonly image?: Picture;
    readonly values?: readonly number[];
  }[];
}

/** What `/explain` answers. */
export interface Explanation {
  readonly method: string;
  /** Undefined for a number without a name. */
  readonly class?: string;
  readonly target: number;
  readonly heatmap?: Picture;
  readonly parts?: readonly ExplainedPart[];
}

export interface ExplainedPart {
  readonly name: string;
  readonly weight: number;
}
