import type { Tensor } from 'onnxruntime-common';
import { draw, weigh, type DrawRules } from './draw.js';
import type { LanguageModel } from './language-model.js';
import { lastRow } from './last-row.js';
import type { DrawOptions } from './options.js';
import { SeededRandom, type RandomState } from '../../data/random.js';

/** The progress of a text: plain data, so that another thread can continue it, now or later. */
export interface GenerationState {
  /** Tokens that the model has not read yet. */
  readonly unread: Int32Array;
  /** The model's hidden state before them; undefined at the beginning of a text. */
  readonly hidden: Float32Array | undefined;
  readonly random: RandomState;
  /** How many tokens remain to draw. */
  readonly left: number;
  /** Whether the warning that no token reaches `minP` was given. */
  readonly warned: boolean;
}

/** The facts that all texts of a learner share. */
export interface GenerationContext {
  readonly model: LanguageModel;
  /** Maps logits to probabilities. */
  readonly activation: (logits: Tensor) => Tensor | Promise<Tensor>;
  /** The id of `xxunk`. */
  readonly unknown: number | undefined;
}

/**
 * How many tokens of a prompt one run reads: a long prompt neither fills the memory nor delays
 * others.
 */
const PIECE = 64;

/** One text in progress: fastai's loop in `LMLearner.predict`, one step at a time. */
export class Generation {
  readonly #rules: DrawRules;
  readonly #random: SeededRandom;
  #state: GenerationState;

  constructor(
    private readonly context: GenerationContext,
    private readonly options: DrawOptions,
    state: GenerationState,
  ) {
    const { minP, temperature, noUnk } = options;
    this.#rules = { minP, temperature, excluded: noUnk ? context.unknown : undefined };
    this.#random = SeededRandom.resume(state.random);
    this.#state = { ...state, random: this.#random.state };
  }

  /** The beginning of a text. */
  static start(prompt: Int32Array, nWords: number, seed: number | undefined): GenerationState {
    const random = SeededRandom.from(seed).state;
    return { unread: prompt, hidden: undefined, random, left: nWords, warned: false };
  }

  get done(): boolean {
    return this.#state.left === 0;
  }

  get state(): GenerationState {
    return this.#state;
  }

  /** The id of the next token; undefined if only a piece of the prompt was read. */
  async step(): Promise<number | undefined> {
    const { model, activation } = this.context;
    const { unread, hidden, left } = this.#state;
    if (model.carries && unread.length > PIECE) {
      const { state } = await model.step(unread.subarray(0, PIECE), hidden);
      this.#move({ hidden: state, unread: unread.subarray(PIECE) });
      return undefined;
    }
    const { logits, state } = await model.step(unread, hidden);
    const id = this.#draw(lastRow(await activation(logits)));
    // fastai runs the whole text through the model for each word; continuing from the state gives
    // the same numbers.
    const { onlyLastWord } = this.options;
    const whole = !onlyLastWord && !model.carries;
    this.#move({
      left: left - 1,
      hidden: onlyLastWord ? undefined : model.carries ? state : hidden,
      unread: whole ? appended(unread, id) : Int32Array.of(id),
    });
    return id;
  }

  #move(changes: Partial<GenerationState>): void {
    this.#state = { ...this.#state, ...changes };
  }

  #draw(probs: Float32Array): number {
    const reached = weigh(probs, this.#rules);
    if (!reached && !this.#state.warned) {
      this.#move({ warned: true });
      process.emitWarning(
        `No token has a probability of ${this.options.minP} or more, so minP has no effect; ` +
          'try a lower value.',
        'MinProbabilityWarning',
      );
    }
    return draw(probs, this.#random.next());
  }
}

function appended(ids: Int32Array, id: number): Int32Array {
  const longer = new Int32Array(ids.length + 1);
  longer.set(ids);
  longer[ids.length] = id;
  return longer;
}
