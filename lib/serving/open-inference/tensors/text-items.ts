import { checkItems } from '../request.js';
import type { ItemCodec } from './contract.js';
import { textsOf, travellingText } from './texts.js';

const TEXT = 'text';

/** Texts: BYTES [items]. */
export const TEXT_ITEMS: ItemCodec = {
  inputs: [
    {
      name: TEXT,
      datatype: 'BYTES',
      shape: [-1],
      parameters: { content_type: 'str' },
      perItem: true,
    },
  ],

  items(inputs, most) {
    const input = inputs.get(TEXT)!;
    checkItems(input.data.length, most);
    return textsOf(input);
  },

  inputsOf(item) {
    const data = [travellingText(TEXT, item)];
    return [{ name: TEXT, datatype: 'BYTES', shape: [1], data }];
  },
};
