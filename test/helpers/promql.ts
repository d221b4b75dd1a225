import { createRequire } from 'node:module';

/** What is used of the tree that Prometheus' own grammar gives. */
interface Tree {
  iterate(options: {
    enter(node: { readonly name: string; readonly from: number; readonly to: number }): void;
  }): void;
}

const { parser } = createRequire(import.meta.url)('@prometheus-io/lezer-promql') as {
  parser: { configure(options: { strict: true }): { parse(text: string): Tree } };
};

export interface QueryNames {
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
}

/**
 * The metrics and labels that a query of Prometheus names, with Grafana's variables in it.
 *
 * @throws SyntaxError where it is not PromQL.
 */
export function namesIn(query: string): QueryNames {
  const text = query.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h');
  const metrics = new Set<string>();
  const labels = new Set<string>();
  const tree = parser.configure({ strict: true }).parse(text);
  tree.iterate({
    enter({ name, from, to }) {
      if (name === 'Identifier') metrics.add(text.slice(from, to));
      if (name === 'LabelName') labels.add(text.slice(from, to));
    },
  });
  return { metrics: [...metrics], labels: [...labels] };
}
