import { DATATYPES } from '../../../client/protocol/datatypes.js';
import type { DocumentPart } from '../../http/document-parts.js';
import { ofModel } from './model.controller.js';
import { JSON_TYPE } from './protocol.js';

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const free: Schema = { type: 'object', additionalProperties: true };
const list = (items: Schema): Schema => ({ type: 'array', items });
const integers = list({ type: 'integer' });
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

function object(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

const model = { model_name: text, model_version: text };
const tensor = {
  name: text,
  datatype: { type: 'string', enum: Object.keys(DATATYPES) },
  shape: integers,
};

const SCHEMAS = {
  V2Error: object({ error: text }),
  V2Tensor: object({ ...tensor, data: list({}), parameters: free }, ['data', 'parameters']),
  V2InferRequest: object(
    {
      id: text,
      parameters: free,
      inputs: list(ref('V2Tensor')),
      outputs: list(object({ name: text, parameters: free }, ['parameters'])),
    },
    ['id', 'parameters', 'outputs'],
  ),
  V2InferResponse: object(
    { ...model, id: text, parameters: free, outputs: list(ref('V2Tensor')) },
    ['model_version', 'id', 'parameters'],
  ),
  V2GenerateRequest: object({ id: text, text_input: text, parameters: free }, ['id', 'parameters']),
  V2GenerateResponse: object({ ...model, id: text, text_output: text }, ['id']),
  V2ModelMetadata: object(
    {
      name: text,
      versions: list(text),
      platform: text,
      inputs: list(object({ ...tensor, parameters: free }, ['parameters'])),
      outputs: list(object({ ...tensor, parameters: free }, ['parameters'])),
      properties: { type: 'object', additionalProperties: text },
    },
    ['properties'],
  ),
} as const;

interface Route {
  readonly id: string;
  readonly paths: readonly string[];
  readonly summary: string;
  readonly answer: Schema;
  /** Of a `POST`. */
  readonly body?: Schema;
  readonly type?: string;
  /** Whether it answers 503 in the same form if it is not ready. */
  readonly probe?: true;
}

const ROUTES: readonly Route[] = [
  {
    id: 'Server',
    paths: [''],
    summary: 'The server and its extensions',
    answer: object({ name: text, version: text, extensions: list(text) }),
  },
  {
    id: 'ServerLive',
    paths: ['health/live'],
    summary: 'Whether the server runs',
    answer: object({ live: flag }),
  },
  {
    id: 'ServerReady',
    paths: ['health/ready'],
    summary: 'Whether all models are ready',
    answer: object({ ready: flag }),
    probe: true,
  },
  {
    id: 'Models',
    paths: ['models'],
    summary: 'The names of the models',
    answer: object({ models: list(text) }),
  },
  {
    id: 'Statistics',
    paths: ['models/stats'],
    summary: 'The statistics of all models',
    answer: object({ model_stats: list(free) }),
  },
  {
    id: 'Model',
    paths: ofModel(''),
    summary: 'The inputs and outputs of a model',
    answer: ref('V2ModelMetadata'),
  },
  {
    id: 'ModelReady',
    paths: ofModel('/ready'),
    summary: 'Whether a model is ready',
    answer: object({ name: text, ready: flag }),
    probe: true,
  },
  {
    id: 'ModelConfig',
    paths: ofModel('/config'),
    summary: 'The configuration of a model, as in Triton',
    answer: free,
  },
  {
    id: 'ModelStatistics',
    paths: ofModel('/stats'),
    summary: 'The statistics of a model',
    answer: object({ model_stats: list(free) }),
  },
  {
    id: 'Infer',
    paths: ofModel('/infer'),
    summary: 'Runs a model',
    body: ref('V2InferRequest'),
    answer: ref('V2InferResponse'),
  },
  {
    id: 'Generate',
    paths: ofModel('/generate'),
    summary: 'Continues a text with a language model',
    body: ref('V2GenerateRequest'),
    answer: ref('V2GenerateResponse'),
  },
  {
    id: 'GenerateStream',
    paths: ofModel('/generate_stream'),
    summary: 'The same, piece by piece: each is the data of an event',
    body: ref('V2GenerateRequest'),
    answer: text,
    type: 'text/event-stream',
  },
];

const REPOSITORY: readonly Route[] = [
  {
    id: 'RepositoryIndex',
    paths: ['repository/index'],
    summary: 'The models of the store',
    body: object({ ready: flag }, ['ready']),
    answer: list(object({ name: text, version: text, state: text, reason: text })),
  },
  ...(['load', 'unload'] as const).map((action) => ({
    id: action === 'load' ? 'LoadModel' : 'UnloadModel',
    paths: [`repository/models/:model/${action}`],
    summary: action === 'load' ? 'Loads a model' : 'Unloads a model',
    body: free,
    answer: object({ name: text, [action]: flag }),
  })),
];

/**
 * The routes of the protocol for the OpenAPI document. Names of operations and schemas begin with
 * `v2`, so that they differ from an application's.
 *
 * @param root The path in front of all of them.
 */
export function protocolDocument(root: string, repository: boolean): DocumentPart {
  const paths: Record<string, object> = {};
  for (const route of [...ROUTES, ...(repository ? REPOSITORY : [])]) {
    for (const [at, path] of route.paths.entries()) {
      const whole = [root, path].filter((part) => part !== '').join('/');
      const operation = operationOf(route, path, at > 0);
      paths[`/${whole.replace(/:(\w+)/g, '{$1}')}`] = {
        [route.body === undefined ? 'get' : 'post']: operation,
      };
    }
  }
  return { paths, schemas: SCHEMAS };
}

function operationOf(
  { id, summary, body, answer, type = JSON_TYPE, probe }: Route,
  path: string,
  ofVersion: boolean,
): object {
  const content = (schema: Schema, of = JSON_TYPE): object => ({ [of]: { schema } });
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  const error = (description: string): object => ({
    description,
    content: content(ref('V2Error')),
  });
  return {
    operationId: `v2${id}${ofVersion ? 'OfVersion' : ''}`,
    summary: ofVersion ? `${summary} (of one version)` : summary,
    tags: ['Open Inference Protocol'],
    parameters: names.map((name) => ({ name, in: 'path', required: true, schema: text })),
    ...(body && { requestBody: { required: true, content: content(body) } }),
    responses: {
      200: { description: 'The answer.', content: content(answer, type) },
      ...(body && { 400: error('The request does not match the inputs of the model.') }),
      ...(names.length > 0 && { 404: error('No such model is served.') }),
      ...(probe && { 503: { description: 'Not now.', content: content(answer) } }),
      ...(body && { 503: error('The model cannot take the request now; try again later.') }),
    },
  };
}
