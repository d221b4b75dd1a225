import type { Annotation, Expression, Parameter, Parameters } from './ast.js';
import { named, optional, type Reader } from './reader.js';
import type { TreeNode } from './tree.js';

type ReadExpression = (node: TreeNode) => Expression;

const NO_PARAMETERS: Parameters = {
  positional: [],
  posOnly: 0,
  rest: undefined,
  kwOnly: [],
  keywords: undefined,
};

/** A `type` node, or one with types in brackets, which are separate nodes. */
export function annotationOf(node: TreeNode, read: ReadExpression): Annotation {
  return { text: node.text, expression: typeOf(node, read) };
}

function typeOf(node: TreeNode, read: ReadExpression): Expression {
  const { line } = node;
  switch (node.type) {
    case 'type':
      return typeOf(named(node)[0]!, read);
    case 'generic_type': {
      const [name, list] = named(node);
      const items = named(list!).map((item) => typeOf(item, read));
      const slice: Expression = items.length === 1 ? items[0]! : { type: 'Tuple', items, line };
      return { type: 'Subscript', value: read(name!), slice, line };
    }
    case 'union_type': {
      const items = named(node).map((item) => typeOf(item, read));
      return items.reduce((left, right) => ({ type: 'BinOp', op: '|', left, right, line }));
    }
    case 'splat_type':
      return { type: 'Starred', value: read(named(node)[0]!), line };
    case 'member_type':
    case 'constrained_type':
      return { type: 'Constant', value: node.text, line };
    default:
      return read(node);
  }
}

/** `a, /, b: int = 1, *args, c, **kwargs`. */
export function parametersOf(
  reader: Reader,
  node: TreeNode | undefined,
  read: ReadExpression,
): Parameters {
  if (!node) return NO_PARAMETERS;
  const positional: Parameter[] = [];
  const kwOnly: Parameter[] = [];
  let posOnly = 0;
  let star = false;
  let rest: Parameter | undefined;
  let keywords: Parameter | undefined;
  for (const part of named(node)) {
    if (keywords) reader.fail(part, 'arguments cannot follow var-keyword argument');
    const parameter = parameterOf(reader, part, read);
    switch (parameter.kind) {
      case '/':
        if (posOnly > 0 || star || positional.length === 0) reader.fail(part, "unexpected '/'");
        posOnly = positional.length;
        break;
      case '**':
        keywords = parameter.value;
        break;
      case '*':
        if (star) reader.fail(part, '* argument may appear only once');
        star = true;
        rest = parameter.value;
        break;
      default:
        if (!star && !parameter.value?.default && positional.at(-1)?.default) {
          reader.fail(part, 'parameter without a default follows parameter with a default');
        }
        (star ? kwOnly : positional).push(parameter.value!);
    }
  }
  if (star && !rest && kwOnly.length === 0) reader.fail(node, 'named arguments must follow bare *');
  const names = [...positional, rest, ...kwOnly, keywords].flatMap((one) => one?.name ?? []);
  if (new Set(names).size < names.length) {
    reader.fail(node, 'duplicate argument in function definition');
  }
  return { positional, posOnly, rest, kwOnly, keywords };
}

interface ReadParameter {
  readonly kind: '' | '*' | '**' | '/';
  /** Undefined for `/` and a bare `*`. */
  readonly value?: Parameter;
}

function parameterOf(reader: Reader, node: TreeNode, read: ReadExpression): ReadParameter {
  switch (node.type) {
    case 'positional_separator':
      return { kind: '/' };
    case 'keyword_separator':
      return { kind: '*' };
    case 'list_splat_pattern':
    case 'dictionary_splat_pattern': {
      const name = reader.identifier(named(node)[0]!);
      const kind = node.type === 'list_splat_pattern' ? '*' : '**';
      return { kind, value: { name, annotation: undefined, default: undefined } };
    }
    case 'typed_parameter': {
      const [name] = named(node);
      const inner = parameterOf(reader, name!, read);
      const annotation = annotationOf(reader.one(node, 'type'), read);
      return { kind: inner.kind, value: { ...inner.value!, annotation } };
    }
    case 'identifier':
      return {
        kind: '',
        value: { name: reader.identifier(node), annotation: undefined, default: undefined },
      };
    case 'default_parameter':
    case 'typed_default_parameter': {
      const type = optional(node, 'type');
      return {
        kind: '',
        value: {
          name: reader.identifier(reader.one(node, 'name')),
          annotation: type && annotationOf(type, read),
          default: read(reader.one(node, 'value')),
        },
      };
    }
    default:
      return reader.fail(node, `"${node.text.slice(0, 20)}" is not a parameter`);
  }
}
