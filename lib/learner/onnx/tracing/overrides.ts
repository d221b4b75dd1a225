import { Func, type ClassValue } from '../../python/values.js';

/** Methods that no forward calls. */
const NEVER_CALLED =
  /^(__(init|pre_init|post_init|repr|str|setstate|getstate|reduce|init_subclass|new|call|doc|module)__|forward|extra_repr|reset_parameters|init_weights?|_init_weights?|initialize|_reset_parameters|freeze\w*|unfreeze\w*|train|eval|configure_\w+|load\w*|save\w*|named_\w+|state_dict)$/;

/** The methods that the forwards of torch's and fastai's own layers call on themselves. */
const CALLED: readonly (readonly [classes: RegExp, methods: RegExp])[] = [
  [/^torch\.nn\.modules\.conv\./, /^(_conv_forward|_output_padding)$/],
  [
    /^torch\.nn\.modules\.(batchnorm|instancenorm)\./,
    /^(_check_\w+|_handle_no_batch_input|_apply_instance_norm|_get_no_batch_dim)$/,
  ],
  [/^torch\.nn\.modules\.rnn\./, /^(check_\w+|permute_hidden|get_expected_\w+)$/],
  [/^torch\.nn\.modules\.transformer\./, /^(_sa_block|_ff_block|_mha_block)$/],
  [/^torch\.nn\.modules\.activation\.MultiheadAttention$/, /^merge_masks$/],
  [/^torch\.nn\.modules\.container\./, /^(__iter__|__getitem__|__len__|_modules)$/],
  [/^torch\.nn\.modules\./, /^$/],
  [/^torchvision\./, /^(_\w+|bn_function|call_\w+|any_\w+|check_\w+|eager_outputs)$/],
  [
    /^fastai\.(layers|tabular|collab)\b/,
    /^(__iter__|__getitem__|__len__|_get_sz|_bias_init|_layers|trunc_\w*)$/,
  ],
];

/**
 * A user's method, from the classes before `known`, that the known class's forward calls or may
 * call; undefined if there is none.
 */
export function overriddenMethod(cls: ClassValue, known: string): string | undefined {
  const rule = CALLED.find(([classes]) => classes.test(known));
  for (const each of cls.mro) {
    if (each.qualifiedName === known) return undefined;
    for (const [name, value] of each.attrs) {
      if (!(value instanceof Func) || NEVER_CALLED.test(name)) continue;
      // For other libraries' classes it is unknown which methods they call on themselves.
      if (!rule || rule[1].test(name)) return name;
    }
  }
  return undefined;
}
