/** Says how far numbers may be from the committed ones, which were made on another processor, which adds in another order. */

/** @typedef {{ absolute: number, relative: number, any?: boolean }} Tolerance Allowed is `absolute + relative * |committed|`; `any`: not compared. */

/** Allows for nine digits of what was computed in float64, and zero gradients, which are rounding and nothing else (1e-17, after Adam 1e-12). */
const doubles = { absolute: 1e-11, relative: 2e-9 };

/**
 * The first match wins. `at` is tried on the file and the keys, as in `families/bert.json: case_0.logits.0.1`.
 * @type {readonly ({ at: RegExp } & Partial<Tolerance>)[]}
 */
export const rules = [
  // Any Python gives the same numbers.
  { at: /: made_with\.python$/, any: true },
  // `_init_weights` draws from PyTorch's generator, and what is kept of it has two digits.
  { at: /^families\/.*: initial\./, absolute: 1e-5, relative: 0.1 },
  // XLNet's sines and DeBERTa's normalisation are float32 in any model, and so are gradients through them.
  { at: /^explain\.json: cases\.(xlnet|deberta)/, absolute: 2e-7, relative: 2e-6 },
  // Adam turns the rounding of gradients that are zero into steps of the learning rate: 20 of at most 5e-4, either way.
  { at: /^optim_adamw.*key\.bias|float32_max_key_bias_difference/, absolute: 2e-2, relative: 0 },
  // How far float32 is from float64 is itself rounding: of this size, and no figure beyond.
  { at: /float32_relative_error|float32_max_/, absolute: 1e-5, relative: 0 },
  // Central differences: six digits, the last of which may turn, of quotients that rounding in the sums below moves by 1e-9.
  { at: /^(slopes\/|op_differences)/, absolute: 2e-8, relative: 1.1e-5 },
  // bfloat16 has 8 bits, and a processor with instructions for it adds in another order.
  { at: /^bert_autocast\.json: (autocast_|relative_error)/, absolute: 2e-2, relative: 0 },
  // XLNet's sines are float32 in any model.
  { at: /^((base_size|config_keys|problem_types)\.json: xlnet|families\/xlnet)/, absolute: 2e-7, relative: 2e-6 },
  // Computed in float32, as the DeBERTas normalise in any model.
  {
    at: /modernbert|deberta|: float32_|^bert_logits\.json: logits|^pipeline\.json|^tokenizer_settings\.json: values|^optim_adamw(\.json: steps|_)/,
    absolute: 2e-5,
    relative: 1e-5,
  },
];

/**
 * Returns what is allowed between two numbers at a place.
 * @param {string} place file and keys
 * @returns {Tolerance}
 */
export function toleranceAt(place) {
  const { absolute, relative, any } = { ...doubles, ...rules.find(({ at }) => at.test(place)) };
  return any === undefined ? { absolute, relative } : { absolute, relative, any };
}
