import { GraphError } from '../errors.js';
import { Value, type Graph, type Initializer, type Node } from '../graph.js';

/** New names for a graph's inputs and outputs, by the old ones. */
export type PublicNames = ReadonlyMap<string, string>;

/**
 * Joins several graphs into one: each takes the outputs of the previous graph by name. Inner names
 * stay unless two are equal; inputs of the first and outputs of the last get the given names.
 */
export function chainGraphs(
  name: string,
  graphs: readonly Graph[],
  { inputs = new Map(), outputs = new Map() }: { inputs?: PublicNames; outputs?: PublicNames } = {},
): Graph {
  const first = graphs[0]!;
  const last = graphs.at(-1)!;
  const taken = new Set<string>();
  const publicly = (values: readonly Value[], names: PublicNames): Map<string, string> =>
    new Map(
      values.map(({ name: own }) => {
        const given = names.get(own) ?? own;
        if (taken.has(given)) throw new GraphError('its root', `two values are called ${given}`);
        taken.add(given);
        return [own, given];
      }),
    );
  const inputNames = publicly(first.inputs, inputs);
  const outputNames = publicly(last.outputs, outputs);
  const fresh = (wanted: string): string => {
    let free = wanted;
    for (let at = 1; taken.has(free); at++) free = `${wanted}_${at}`;
    taken.add(free);
    return free;
  };
  const nodes: Node[] = [];
  const initializers: Initializer[] = [];
  let given: ReadonlyMap<string, string> = inputNames;
  for (const graph of graphs) {
    const own = new Map<string, string>([['', '']]);
    for (const input of graph.inputs) {
      const from = given.get(input.name);
      if (from === undefined) throw new GraphError('its root', `nothing provides ${input.name}`);
      own.set(input.name, from);
    }
    if (graph === last) for (const [from, to] of outputNames) own.set(from, to);
    const named = (value: string): string => {
      let found = own.get(value);
      if (found === undefined) own.set(value, (found = fresh(value)));
      return found;
    };
    for (const { name: weight, data } of graph.initializers) {
      initializers.push({ name: named(weight), data });
    }
    for (const node of graph.nodes) {
      const made = node.outputs.map(named);
      nodes.push({
        ...node,
        name: made[0] ?? node.name,
        inputs: node.inputs.map(named),
        outputs: made,
      });
    }
    given = new Map(graph.outputs.map((output) => [output.name, named(output.name)]));
  }
  return {
    name,
    nodes,
    initializers,
    inputs: first.inputs.map((value) => renamed(value, inputNames)),
    outputs: last.outputs.map((value) => renamed(value, outputNames)),
  };
}

function renamed({ name, dtype, shape }: Value, names: PublicNames): Value {
  return new Value(names.get(name) ?? name, dtype, shape);
}
