import type { Endpoint } from '../http/endpoint.js';
import { File } from '../io/file.js';
import { Image } from '../io/image.js';
import type { IoDescriptor, IoSchema } from '../io/io-descriptor.js';
import { Json } from '../io/json.js';
import { Multipart } from '../io/multipart.js';
import { NumpyNdarray } from '../io/numpy-ndarray.js';
import { PandasDataFrame } from '../io/pandas-data-frame.js';
import { PandasSeries } from '../io/pandas-series.js';
import { Text } from '../io/text.js';
import type { ModelCard } from './cards.js';
import { withoutReferences, type Schemas } from './references.js';

type Descriptor = IoDescriptor<unknown, never>;

const TYPES = [
  ['text', Text],
  ['image', Image],
  ['json', Json],
  ['ndarray', NumpyNdarray],
  ['frame', PandasDataFrame],
  ['series', PandasSeries],
  ['file', File],
  ['multipart', Multipart],
] as const;

/** One side of an endpoint, for the page. */
interface DescribedSide {
  readonly type: (typeof TYPES)[number][0];
  readonly contentTypes: readonly string[];
  /** Without references. */
  readonly schema: IoSchema;
  readonly sample?: unknown;
  readonly stream?: boolean;
}

/** An endpoint of the application. */
export interface EndpointDescription {
  readonly kind: 'endpoint';
  readonly input: DescribedSide;
  readonly output: DescribedSide;
}

/**
 * The card of an endpoint of the application.
 *
 * @param url Relative to the page's.
 * @param schemas What schemas refer to.
 */
export function endpointCard(
  path: string,
  url: string,
  { input, output }: Endpoint,
  schemas: Schemas,
): ModelCard {
  const types = [
    input.mediaType,
    ...Object.keys({ ...input.alternatives, ...input.bodyAlternatives }),
  ];
  const { outputMediaType = output.mediaType, outputAlternatives = {} } = output;
  return {
    name: path.replace(/^\//, ''),
    versions: {},
    labels: {},
    description: {
      kind: 'endpoint',
      input: {
        type: typeOf(input),
        contentTypes: types,
        schema: withoutReferences(known(() => input.schema) ?? {}, schemas),
        sample: known(() => input.example),
      },
      output: {
        type: typeOf(output),
        contentTypes: [outputMediaType, ...Object.keys(outputAlternatives)],
        schema: withoutReferences(known(() => output.outputSchema ?? output.schema) ?? {}, schemas),
        stream: output.serializeEvent !== undefined,
      },
    },
    routes: { predict: url },
  };
}

function typeOf(descriptor: Descriptor): DescribedSide['type'] {
  const found = TYPES.find(([, type]) => descriptor instanceof type);
  if (found) return found[0];
  // For the application's own class.
  if (descriptor.mediaType.endsWith('json')) return 'json';
  return descriptor.mediaType.startsWith('text/') ? 'text' : 'file';
}

/** Undefined if the descriptor waits for a model that is not loaded. */
function known<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
