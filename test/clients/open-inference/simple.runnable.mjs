import { Runnable, RunnableMethod } from 'nestjs-vts/runnable';

const pair = { datatype: 'INT32', shape: [-1, 16] };

/** Triton's model `simple`: the sum and the difference of two rows of numbers. */
export class Simple {
  add({ INPUT0, INPUT1 }) {
    const [a, b] = [INPUT0.data, INPUT1.data];
    return {
      OUTPUT0: a.map((value, i) => value + b[i]),
      OUTPUT1: a.map((value, i) => value - b[i]),
    };
  }
}

// The decorators, called: this file is plain JavaScript.
RunnableMethod({
  tensors: {
    inputs: [
      { name: 'INPUT0', ...pair },
      { name: 'INPUT1', ...pair },
    ],
    outputs: [
      { name: 'OUTPUT0', ...pair },
      { name: 'OUTPUT1', ...pair },
    ],
  },
})(Simple.prototype, 'add', Object.getOwnPropertyDescriptor(Simple.prototype, 'add'));
Runnable()(Simple);
